/** The real server on a loopback port, with identities and ports that a test chooses. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { onTestFinished } from 'vitest';
import type { DesiredState } from '../../../core/wire/agent.ts';
import type { Clock } from '../../clock.ts';
import type { AccessQuestion, Identity } from '../../kube/reviews.ts';
import { createServerMetrics } from '../metrics.ts';
import type {
  Agent,
  IngestAnswer,
  NodeBlobs,
  ProfileModels,
  SnapshotUpload,
  StatusSource,
  UnknownBehaviours,
} from '../ports.ts';
import { startServer } from '../server.ts';
import { issueServing, makeAuthority } from '../tls/authority.ts';
import { TokenAuthenticator } from '../token-authenticator.ts';
import { fetchText, open, type Answer, type Call } from './https.ts';

export const account = 'system:serviceaccount:security:agent';

export function agentIdentity(node: string): Identity {
  const extra = {
    'authentication.kubernetes.io/node-name': [node],
    'authentication.kubernetes.io/pod-name': [`agent-${node}`],
    'authentication.kubernetes.io/pod-uid': [`uid-${node}`],
  };
  return { username: account, uid: 'u', groups: [], extra };
}

export const person = (username: string): Identity => ({ username, uid: '', groups: [], extra: {} });

/** Tokens of the tests: `node:<name>` is that node's agent, `unbound` one without a pod, `user:<name>` a person. */
export async function reviewByName(token: string): Promise<Identity | undefined> {
  const [kind, name = ''] = token.split(':');
  if (kind === 'node') return agentIdentity(name);
  if (kind === 'user') return person(name);
  if (token === 'unbound') return person(account);
  if (token === 'down') throw new Error('API server is away');
  return undefined;
}

export interface TestPorts {
  review?: (token: string) => Promise<Identity | undefined>;
  memory?: { readonly isScarce: boolean };
  ingest?: (upload: SnapshotUpload) => Promise<IngestAnswer>;
  blobs?: NodeBlobs;
  profiles?: ProfileModels;
  unknown?: UnknownBehaviours;
  status?: Partial<StatusSource>;
  isAllowed?: (who: Identity, question: AccessQuestion) => Promise<boolean>;
}

export async function startTestServer(clock: Clock, ports: TestPorts = {}) {
  const authority = await makeAuthority(Date.now(), 3_600_000);
  const { memory = { isScarce: false } } = ports;
  const registry = new Registry();
  const metrics = createServerMetrics(registry);
  const log = pino({ level: 'silent' });
  const listeners = new Map<string, Set<(state: DesiredState) => void>>();
  const reports: { agent: Agent; version: number }[] = [];
  const authenticator = new TokenAuthenticator({ review: ports.review ?? reviewByName, clock, metrics });
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    certificate: await issueServing(authority, ['127.0.0.1', 'localhost'], Date.now(), 3_600_000),
    agents: {
      authenticator,
      account,
      desired: {
        subscribe: (node, listener) => {
          const own = listeners.get(node) ?? new Set();
          listeners.set(node, own.add(listener));
          return () => own.delete(listener);
        },
      },
      reports: { report: (agent, report) => reports.push({ agent, version: report.runningVersion }) },
      ingest: ports.ingest ?? (async () => ({ result: 'accepted' })),
      blobs: ports.blobs ?? (async () => ({ kind: 'elsewhere' })),
      memory,
      clock,
      random: () => 0,
      metrics,
      log,
    },
    read: {
      authenticator,
      isAllowed: ports.isAllowed ?? (async () => false),
      memory,
      status: {
        status: () => Promise.reject(new Error('no status here')),
        containers: () => ({ items: [] }),
        scheduling: ({ node = 'all' }) => ({ nodes: [{ node, grants: [], containers: [] }] }),
        ...ports.status,
      },
      profiles: ports.profiles ?? (async () => ({ kind: 'nothing' })),
      unknown: ports.unknown ?? (async () => ({ kind: 'nothing' })),
      registry,
      clock,
    },
  });
  onTestFinished(() => server.close());

  const refusals = async (): Promise<string[]> =>
    (await metrics.agentRequestsRefused.get()).values.map(({ labels, value }) => `${labels.reason} ${value}`);
  type Short = Omit<Call, 'port' | 'ca'>;
  return {
    server,
    authority,
    metrics,
    listeners,
    reports,
    refusals,
    call: (call: Short): Promise<Answer> => fetchText({ ...call, port: server.port, ca: authority.cert }),
    open: (call: Short) => open({ ...call, port: server.port, ca: authority.cert }),
  };
}
