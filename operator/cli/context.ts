/** What the commands need of the world, so that tests can be the world. */
import type { KubeClient } from '../kube/client.ts';
import type { OpenTunnel } from '../kube/tunnel.ts';
import type { UserConnection } from '../kube/user-client.ts';

export interface Terminal {
  /** To standard output; resolves when there is room for more. */
  write(text: string): Promise<void>;
  /** Notes and errors, to standard error. */
  warn(text: string): void;
  /** Standard output takes colours: it is a terminal, and nobody asked for none. */
  readonly colours: boolean;
  /** Somebody can answer. */
  readonly interactive: boolean;
  /** The answer in one line; undefined if there is none any more. */
  ask(question: string): Promise<string | undefined>;
}

export interface Context {
  readonly terminal: Terminal;
  /** Bytes of a file, or of standard input for `-`. */
  readonly read: (file: string) => Promise<Buffer>;
  readonly exists: (file: string) => boolean;
  /** @throws Error that says what is wrong with the kubeconfig */
  readonly connect: (options: UserConnection) => KubeClient;
  /** To a port of a pod. @throws Error that says why there is no way */
  readonly tunnel: OpenTunnel;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}
