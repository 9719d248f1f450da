/**
 * The form in which strace's account and the capture's are compared: sets of lines.
 *
 *     program  EXECUTABLE
 *     file     EXECUTABLE  PATH  read|write|create|denied|delete|rename|attributes
 *     endpoint EXECUTABLE  connect|bind|listen|accept  PROTOCOL  IP:PORT  [from PEER]
 *     dns      EXECUTABLE  NAME  TYPE
 */
import { reduceExecutable, reducePath } from '../../core/activity/reduce-path.ts';
import { EPHEMERAL } from './bundle.ts';

export const factKinds = ['program', 'file', 'endpoint', 'dns'] as const;
export type FactKind = (typeof factKinds)[number];
export type Facts = Readonly<Record<FactKind, ReadonlySet<string>>>;

export interface Endpoint {
  readonly direction: 'connect' | 'bind' | 'listen' | 'accept';
  readonly protocol: string;
  readonly ip: string;
  readonly port: number;
  /** Address of the other side of an accepted connection. */
  readonly peer?: string | undefined;
}

interface Address {
  readonly ip: string;
  readonly port: number;
}

const isChosen = (port: number): boolean => port >= EPHEMERAL.first && port <= EPHEMERAL.last;

/**
 * A message to a peer that the socket is not connected to. What goes from a port that was asked for to one that the kernel chose
 * is the answer of a server, and its peer a client.
 */
export function endpointOfSend(protocol: string, local: Address | undefined, remote: Address): Endpoint | undefined {
  if (local !== undefined && local.port !== 0 && !isChosen(local.port) && isChosen(remote.port)) {
    return { direction: 'accept', protocol, ...local, peer: remote.ip };
  }
  return remote.port === 0 && protocol !== 'other' ? undefined : { direction: 'connect', protocol, ...remote };
}

const portOf = (port: number): string => (port === 0 || isChosen(port) ? '{ephemeral}' : String(port));

export class FactCollector {
  readonly facts = {
    program: new Set<string>(),
    file: new Set<string>(),
    endpoint: new Set<string>(),
    dns: new Set<string>(),
  } satisfies Facts;

  program(executable: string): void {
    this.facts.program.add(executable);
  }

  file(executable: string, path: string, accesses: readonly string[]): void {
    for (const access of accesses) this.facts.file.add(`${executable}  ${path}  ${access}`);
  }

  endpoint(executable: string, { direction, protocol, ip, port, peer }: Endpoint): void {
    const from = peer === undefined ? '' : `  from ${peer}`;
    this.facts.endpoint.add(`${executable}  ${direction}  ${protocol}  ${ip}:${portOf(port)}${from}`);
  }

  dns(executable: string, name: string, type: string): void {
    this.facts.dns.add(`${executable}  ${name.toLowerCase()}  ${type}`);
  }
}

export interface Difference {
  /** Found by strace and not by us. */
  readonly missing: readonly string[];
  /** Reported by us, and strace knows nothing of it. */
  readonly extra: readonly string[];
}

export function compare(truth: ReadonlySet<string>, found: ReadonlySet<string>): Difference {
  return {
    missing: [...truth].filter((line) => !found.has(line)).sort(),
    extra: [...found].filter((line) => !truth.has(line)).sort(),
  };
}

const SEPARATOR = '  ';

/** As a snapshot has them: placeholders for what differs from run to run. */
export function reduceFacts(facts: Facts): Facts {
  const reduceLine = (kind: FactKind) => (line: string) => {
    const [executable = '', object = '', ...rest] = line.split(SEPARATOR);
    const reduced = [reduceExecutable(executable), kind === 'file' ? reducePath(object) : object, ...rest];
    return kind === 'program' ? reduceExecutable(line) : reduced.join(SEPARATOR);
  };
  const reduceKind = (kind: FactKind) => new Set([...facts[kind]].map(reduceLine(kind)));
  return {
    program: reduceKind('program'),
    file: reduceKind('file'),
    endpoint: reduceKind('endpoint'),
    dns: reduceKind('dns'),
  };
}
