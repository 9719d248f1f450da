/** What agents call; the contract is core/wire/agent.ts. */
import { Router, type Request, type RequestHandler, type Response } from 'express';
import type { Logger } from 'pino';
import { agentReport } from '../../core/wire/agent.ts';
import type { Clock } from '../clock.ts';
import { blobEndpoint } from './blob-endpoint.ts';
import { agentOf, identify } from './authentication.ts';
import { BodyTooLargeError, readBody } from './body.ts';
import { parseBoundedJson, TooManyValuesError } from './bounded-json.ts';
import { DesiredStreams } from './desired-stream.ts';
import type { MemoryWatch } from './memory.ts';
import type { ServerMetrics } from './metrics.ts';
import type { Agent, DesiredStateSource, Ingest, NodeBlobs, ReportSink } from './ports.ts';
import { Problem, problemHandler, refuseIfGone } from './problem.ts';
import { snapshotEndpoint } from './snapshot-endpoint.ts';
import { issuesText } from './snapshot-upload.ts';
import type { TokenAuthenticator } from './token-authenticator.ts';
import { TokenBuckets } from './token-bucket.ts';
import { overQuota, UploadSlots } from './upload-slots.ts';

export interface AgentEndpointsOptions {
  readonly authenticator: TokenAuthenticator;
  /** Full user name of the agents' service account. */
  readonly account: string;
  readonly desired: DesiredStateSource;
  readonly reports: ReportSink;
  readonly ingest: Ingest;
  readonly blobs: NodeBlobs;
  readonly memory: Pick<MemoryWatch, 'isScarce'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics: ServerMetrics;
  readonly log: Logger;
}

/** 1,000 containers of 300 bytes and some hundred counters. */
const reportBytes = 512 * 1024;
/** The same in values: 1,000 containers of 7, 100 lost periods of 5, some hundred counters. Checking 20,000 takes 0.1 s. */
const reportValues = 20_000;
/** Reports that are being read: at most 64 MiB. An agent sends one at a time; another one may have lost its connection. */
const reportsPerNode = 2;
const maxReports = 128;
/** Per node. A report every 15 s and one per change: two a second is a busy node. */
const requestQuota = { burst: 120, perSecond: 2 };
const maxNodes = 10_000;

export interface AgentEndpoints {
  readonly router: Router;
  /** Ends the open streams, so that the server can stop. */
  endStreams(): void;
}

export function agentEndpoints(options: AgentEndpointsOptions): AgentEndpoints {
  const { clock, random, metrics, log } = options;
  const streams = new DesiredStreams({ source: options.desired, clock, random, metrics });
  const snapshots = snapshotEndpoint(options);
  const reports = new UploadSlots('reports', reportsPerNode, maxReports);
  const requests = new TokenBuckets(requestQuota, clock, maxNodes);

  const asAgent =
    (handle: (agent: Agent, request: Request, response: Response) => Promise<void>): RequestHandler =>
    async (request, response) => {
      const agent = agentOf(await identify(request, options.authenticator), options.account);
      if (!requests.take(agent.node, 1)) throw overQuota('requests');
      // It took a while to find out who asks.
      refuseIfGone(response);
      await handle(agent, request, response);
    };

  const router = Router();
  router.use(['/report', '/snapshots', '/profiles'], closeAfterwards);
  router.get(
    '/desired',
    asAgent(async (agent, _request, response) => streams.open(agent.node, response)),
  );
  router.post(
    '/report',
    asAgent(async (agent, request, response) => {
      const leave = reports.enter(agent.node);
      try {
        options.reports.report(agent, await parseReport(request));
      } finally {
        leave();
      }
      metrics.agentReports.inc();
      response.status(204).end();
    }),
  );
  router.post('/snapshots', asAgent(snapshots));
  router.get('/profiles/:digest', asAgent(blobEndpoint(options)));
  router.use(() => {
    throw new Problem({
      status: 404,
      code: 'no-such-endpoint',
      detail: 'agents know desired, profiles, report and snapshots',
    });
  });
  router.use(problemHandler(metrics.agentRequestsRefused, log));
  return { router, endStreams: () => streams.endAll() };
}

/**
 * An open connection holds 80 KiB outside of the heap: kept from one report to the next, beside the agent's stream, that is
 * 80 MiB for 1,000 nodes. A handshake for each costs 1.2 ms, with a report every 15 s 8 % of a core for as many.
 */
const closeAfterwards: RequestHandler = (_request, response, next) => {
  response.setHeader('Connection', 'close');
  next();
};

async function parseReport(request: Request) {
  let body: Buffer;
  try {
    body = await readBody(request, reportBytes);
  } catch (error) {
    if (!(error instanceof BodyTooLargeError)) throw error;
    throw tooLargeReport(`${reportBytes} bytes`, error);
  }
  const parsed = agentReport.safeParse(jsonOf(body));
  if (parsed.success) return parsed.data;
  throw new Problem({ status: 400, code: 'malformed-report', detail: issuesText(parsed.error) });
}

function tooLargeReport(limit: string, cause: unknown): Problem {
  const detail = `a report has at most ${limit}`;
  return new Problem({ status: 413, code: 'too-large-report', detail, close: true }, cause);
}

function jsonOf(body: Buffer): unknown {
  try {
    return parseBoundedJson(body, reportValues);
  } catch (error) {
    if (error instanceof TooManyValuesError) throw tooLargeReport(`${reportValues} values`, error);
    throw new Problem({ status: 400, code: 'malformed-json', detail: 'the body is not JSON' }, error);
  }
}
