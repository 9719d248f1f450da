/** What agents call; the contract is core/wire/agent.ts. */
import { Router, type Request, type RequestHandler, type Response } from 'express';
import type { Logger } from 'pino';
import { type Snapshot, snapshotLimits } from '../../core/activity/snapshot.ts';
import { agentReport } from '../../core/wire/agent.ts';
import type { Clock } from '../clock.ts';
import { agentOf, identify } from './authentication.ts';
import { BodyTooLargeError, readBody } from './body.ts';
import { ByteGate } from './byte-gate.ts';
import { parseBoundedJson, TooManyValuesError } from './bounded-json.ts';
import { DesiredStreams } from './desired-stream.ts';
import { Gate } from './gate.ts';
import type { ServerMetrics } from './metrics.ts';
import type { Agent, DesiredStateSource, Ingest, IngestAnswer, ReportSink } from './ports.ts';
import { Problem, problemHandler } from './problem.ts';
import { issuesText, parseSnapshot, tooLargeCompressed } from './snapshot-upload.ts';
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
/**
 * Per node, compressed. 32 finished trees and 5 slots may come at once, 256 KiB each; then 5 snapshots of 100 kB per
 * shortest period (10 s) are 50 KiB a second.
 */
const byteQuota = { burst: 16 * 1024 * 1024, perSecond: 128 * 1024 };
/**
 * Per node, decompressed: parsing is what costs, 20 ms a MiB on the event loop. 37 trees of 1.5 MB may come at once; after
 * them a node that means harm takes 1 % of a core.
 */
const jsonQuota = { burst: 64 * 1024 * 1024, perSecond: 512 * 1024 };
const maxNodes = 10_000;
/** Uploads that are read or wait, of one node and together: each holds up to 1 MiB, so at most 128 MiB. */
const uploadsPerNode = 4;
const maxUploads = 128;
/** Of these, uploads that are parsed: each may hold 8 MiB of JSON and as objects 80 MB (snapshot-upload.ts), so at most 180 MB. */
const parallelSnapshots = 2;
/**
 * JSON of the uploads that are merged and stored, as much as two of the largest. Each of them waits four times for other
 * threads; usual ones of 50 KB do so a hundred at a time.
 */
const ingestedBytes = 16 * 1024 * 1024;

export interface AgentEndpoints {
  readonly router: Router;
  /** Ends the open streams, so that the server can stop. */
  endStreams(): void;
}

export function agentEndpoints(options: AgentEndpointsOptions): AgentEndpoints {
  const { clock, random, metrics, log } = options;
  const streams = new DesiredStreams({ source: options.desired, clock, random, metrics });
  const snapshots = snapshotHandler(options);
  const reports = new UploadSlots('reports', reportsPerNode, maxReports);
  const requests = new TokenBuckets(requestQuota, clock, maxNodes);

  const asAgent =
    (handle: (agent: Agent, request: Request, response: Response) => Promise<void>): RequestHandler =>
    async (request, response) => {
      const agent = agentOf(await identify(request, options.authenticator), options.account);
      if (!requests.take(agent.node, 1)) throw overQuota('requests');
      await handle(agent, request, response);
    };

  const router = Router();
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
  router.use(() => {
    throw new Problem({ status: 404, code: 'no-such-endpoint', detail: 'agents know desired, report and snapshots' });
  });
  router.use(problemHandler(metrics.agentRequestsRefused, log));
  return { router, endStreams: () => streams.endAll() };
}

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

function snapshotHandler({ ingest, clock, metrics }: AgentEndpointsOptions) {
  const bytesOfNode = new TokenBuckets(byteQuota, clock, maxNodes);
  const jsonOfNode = new TokenBuckets(jsonQuota, clock, maxNodes);
  const gate = new Gate(parallelSnapshots, maxUploads);
  const ingesting = new ByteGate(ingestedBytes);
  const uploads = new UploadSlots('uploads', uploadsPerNode, maxUploads);

  /** Parsed only when there is room for what comes next: until then it keeps the place of another. */
  const parse = async (agent: Agent, bytes: Buffer): Promise<{ snapshot: Snapshot; done: () => void }> => {
    let jsonBytes = 0;
    const snapshot = await parseSnapshot(bytes, (size) => {
      jsonBytes = size;
      jsonOfNode.charge(agent.node, size);
    });
    return { snapshot, done: await ingesting.enter(jsonBytes) };
  };

  const process = async (agent: Agent, bytes: Buffer): Promise<IngestAnswer> => {
    const started = clock.monotonic();
    const { snapshot, done } = await gate.run(() => parse(agent, bytes));
    try {
      return await ingest({ agent, snapshot, bytes });
    } finally {
      done();
      metrics.snapshotSeconds.observe((clock.monotonic() - started) / 1_000);
    }
  };

  return async (agent: Agent, request: Request, response: Response): Promise<void> => {
    if (!bytesOfNode.hasAny(agent.node) || !jsonOfNode.hasAny(agent.node)) throw overQuota('bytes');
    const leave = uploads.enter(agent.node);
    try {
      const bytes = await readUpload(request);
      bytesOfNode.charge(agent.node, bytes.length);
      metrics.snapshotBytes.inc(bytes.length);
      const answer = await process(agent, bytes);
      metrics.snapshotsReceived.inc({ result: answer.result });
      respond(answer, response);
    } finally {
      leave();
    }
  };
}

async function readUpload(request: Request): Promise<Buffer> {
  try {
    return await readBody(request, snapshotLimits.compressedBytes);
  } catch (error) {
    if (!(error instanceof BodyTooLargeError)) throw error;
    throw tooLargeCompressed(error);
  }
}

function respond({ status, ...answer }: IngestAnswer, response: Response): void {
  switch (answer.result) {
    case 'accepted':
    case 'duplicate':
      response.status(200).json(answer);
      return;
    case 'retry': {
      const detail = answer.reason ?? 'the snapshot could not be stored now';
      throw new Problem({ status: 503, code: 'ingest-retry', detail, retryAfter: 15, members: answer });
    }
    case 'refused': {
      const detail = answer.reason ?? 'the snapshot was refused';
      throw new Problem({ status: status ?? 422, code: 'ingest-refused', detail, members: answer });
    }
  }
}
