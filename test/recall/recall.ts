/** Runs a program in a container, under strace and observed, and compares the two accounts. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Losses } from '../../core/activity/snapshot.ts';
import type { OpenedCapture } from '../../agent/kernel/open-capture.ts';
import { factsOfEvents, factsOfSnapshot, snapshotOf, STRACE } from './captured.ts';
import { OUT, runContainer } from './container.ts';
import { compare, factKinds, reduceFacts, type Difference, type FactKind, type Facts } from './facts.ts';
import type { Program } from './programs.ts';
import { TRACED, TRACED_WRITES, truthOf } from './strace/truth.ts';

export interface Account {
  /** Distinct things that strace found, that we found, and how they differ. */
  readonly truth: number;
  readonly found: number;
  readonly difference: Difference;
}

type Accounts = Readonly<Record<FactKind, Account>>;

export interface Recall {
  readonly program: string;
  readonly status: number | null;
  readonly output: string;
  /** By the events of the capture. */
  readonly events: Accounts;
  /** By the snapshot that learning made of them. */
  readonly snapshot: Accounts;
  /** Of the capture and of the tree together. */
  readonly losses: Losses;
}

function accountsOf(truth: Facts, found: Facts): Accounts {
  const of = (kind: FactKind): Account => ({
    truth: truth[kind].size,
    found: found[kind].size,
    difference: compare(truth[kind], found[kind]),
  });
  return { program: of('program'), file: of('file'), endpoint: of('endpoint'), dns: of('dns') };
}

/** `-y` and `-yy`: what descriptors name, as the kernel says. Strings are printed whole, where a message may be in them. */
function straceCommand({ name, writes }: Program): string[] {
  const calls = writes === true ? [...TRACED, ...TRACED_WRITES] : TRACED;
  const format = ['-ff', '-ttt', '-y', '-yy', '-s', '65536', '--seccomp-bpf'];
  return [STRACE, ...format, '-e', `trace=${calls.join(',')}`, '-o', `${OUT}/trace`, '/bin/sh', `/programs/${name}.sh`];
}

/** @param lower the programs' root file system */
export async function recallOf(program: Program, capture: OpenedCapture, lower: string): Promise<Recall> {
  const hostMountNamespace = statSync('/proc/self/ns/mnt').ino;
  const binds = {
    '/programs': join(import.meta.dirname, 'programs'),
    '/usr/local/bin/node': process.execPath,
  };
  const options = { capture, programs: lower, command: straceCommand(program), binds };
  return runContainer(options, (root, trace, { status, output, events, losses }) => {
    const truth = truthOf({ trace, root, lower });
    const snapshot = snapshotOf(events, hostMountNamespace);
    return {
      program: program.name,
      status,
      output,
      events: accountsOf(truth, factsOfEvents(events)),
      snapshot: accountsOf(reduceFacts(truth), factsOfSnapshot(snapshot)),
      losses: {
        ...snapshot.losses,
        ringDrops: losses.ringDrops,
        mapFull: losses.mapFull,
        truncated: snapshot.losses.truncated + losses.truncated,
      },
    };
  });
}

/** Lines of a difference that no exception explains, and exceptions that did not occur. */
export function unexplained(recall: Recall, { exceptions }: Program, account: 'events' | 'snapshot'): string[] {
  const occurred = factKinds.flatMap((kind) => {
    const { missing, extra } = recall[account][kind].difference;
    return [...missing.map((line) => `missing ${kind}: ${line}`), ...extra.map((line) => `extra ${kind}: ${line}`)];
  });
  const explained = exceptions
    .filter(({ onlyLearned }) => account === 'snapshot' || onlyLearned !== true)
    .map(({ side, kind, line }) => `${side} ${kind}: ${line}`);
  return [
    ...occurred.filter((line) => !explained.includes(line)),
    ...explained.filter((line) => !occurred.includes(line)).map((line) => `did not occur: ${line}`),
  ];
}
