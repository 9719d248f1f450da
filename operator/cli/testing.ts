/** The command line as a function: what was written, and how it ended. */
import type { UserConnection } from '../kube/user-client.ts';
import type { OpenTunnel } from '../kube/tunnel.ts';
import type { KubeClient } from '../kube/client.ts';
import type { ExitCode } from './failure.ts';
import { run } from './run.ts';

export interface World {
  readonly files?: Readonly<Record<string, string | Buffer>>;
  readonly connect?: (options: UserConnection) => KubeClient;
  readonly tunnel?: OpenTunnel;
  /** What a person answers; nobody is there if absent. */
  readonly answer?: string;
}

export interface Ended {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

export async function runCli(
  words: readonly string[],
  { files = {}, connect, tunnel, answer }: World = {},
): Promise<Ended> {
  let [out, err] = ['', ''];
  const code = await run(words, {
    terminal: {
      write: (text) => {
        out += text;
        return Promise.resolve();
      },
      warn: (text) => (err += `${text}\n`),
      colours: false,
      interactive: answer !== undefined,
      ask: () => Promise.resolve(answer),
    },
    read: (file) => {
      const content = files[file];
      if (content === undefined) return Promise.reject(Object.assign(new Error('ENOENT'), { code: 'ENOENT' }));
      return Promise.resolve(Buffer.from(content));
    },
    exists: (file) => Object.hasOwn(files, file),
    connect:
      connect ??
      (() => {
        throw new Error('there is no kubeconfig');
      }),
    tunnel: tunnel ?? (() => Promise.reject(new Error('there is no tunnel'))),
    now: () => Date.parse('2030-01-01T02:00:00Z'),
  });
  return { code, out, err };
}
