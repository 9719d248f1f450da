/** An API server that knows one operator, whose port is a real one; the command line asks it. */
import { connect } from 'node:net';
import type { KubeClient, KubeRequest } from '../../kube/client.ts';
import { errorOf } from '../../kube/errors.ts';
import type { OpenTunnel } from '../../kube/tunnel.ts';
import { startTestServer, type TestPorts } from '../../server/testing/test-server.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { runCli, type World } from '../testing.ts';

/** As the world of `runCli` has it. */
export const now = Date.parse('2030-01-01T02:00:00Z');

export interface Situation {
  /** Kinds that the API server refuses or does not know, with the status. */
  readonly refused?: Readonly<Record<string, number>>;
  readonly holder?: string;
  /** Whether the reader's account may read what it is for. */
  readonly allowed?: boolean;
  readonly tunnel?: OpenTunnel;
  readonly files?: World['files'];
  /** SecurityProfiles by name. */
  readonly objects?: Readonly<Record<string, unknown>>;
}

/** @param ports what the operator knows */
export async function clusterOf(
  ports: TestPorts,
  { refused = {}, holder = 'op-0_uid', allowed = true, files = {}, objects = {}, ...given }: Situation = {},
) {
  const { server, authority } = await startTestServer(new FakeClock(now), {
    isAllowed: () => Promise.resolve(allowed),
    ...ports,
  });
  /** Tokens name their account: the operator of the test takes them for people of that name. */
  const answers: Readonly<Record<string, (name: string) => unknown>> = {
    leases: () => ({ spec: { holderIdentity: holder } }),
    configmaps: () => ({ data: { 'ca.crt': authority.cert } }),
    serviceaccounts: (name) => ({ status: { token: `user:${name}` } }),
  };
  const request = ({ method, path }: KubeRequest): Promise<unknown> => {
    const object = objects[/\/securityprofiles\/([^/]+)$/.exec(path)?.[1] ?? ''];
    if (object !== undefined) return Promise.resolve(object);
    const [, kind = '', name = ''] = /\/namespaces\/workload-security\/(\w+)\/([^/]+)/.exec(path) ?? [];
    const answer = answers[kind];
    const code = refused[kind] ?? (answer === undefined ? 404 : 200);
    if (code !== 200) return Promise.reject(errorOf(code, JSON.stringify({ message: 'no' }), `${method} ${path}`));
    return Promise.resolve(answer?.(name));
  };
  const client: KubeClient = { request, watch: () => Promise.reject(new Error('not watched')) };
  const targets: unknown[] = [];
  const tunnel: OpenTunnel = (options, target) => {
    targets.push(target);
    return given.tunnel?.(options, target) ?? Promise.resolve(connect(server.port, '127.0.0.1'));
  };
  return { targets, run: (...words: string[]) => runCli(words, { connect: () => client, tunnel, files }) };
}
