/** A container that is out to confuse its observer: what is needed to run one and to see what an agent makes of it. */
import { execFileSync } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ActivityTree } from '../../core/activity/tree.ts';
import { snapshotSchema, type Snapshot } from '../../core/activity/snapshot.ts';
import { isBehaviour } from '../../core/event/event.ts';
import type { KernelEvent } from '../../core/event/event.ts';
import type { Kernel } from './kernel-test.ts';
import type { Finished } from './observed-cgroup.ts';

const headers = ['fcntl.h', 'pthread.h', 'stdio.h', 'stdlib.h', 'string.h', 'unistd.h'];
const systemHeaders = ['mman.h', 'mount.h', 'prctl.h', 'stat.h', 'wait.h'].map((name) => `sys/${name}`);
const preamble = ['#define _GNU_SOURCE', ...[...headers, ...systemHeaders].map((name) => `#include <${name}>`), ''];

/** Compiles a C program, which need not name its headers, and returns its path. */
export function compile(folder: string, name: string, source: string): string {
  const path = join(folder, name);
  writeFileSync(`${path}.c`, preamble.join('\n') + source);
  execFileSync('gcc', ['-O1', '-pthread', '-Wall', '-Werror', '-o', path, `${path}.c`]);
  return path;
}

export interface Aftermath extends Finished {
  readonly tree: ActivityTree;
  /** As an operator receives it: written, read and checked. */
  readonly snapshot: Snapshot;
}

/** What no byte of a container may bring into a snapshot: it would steer terminals, and JSON would carry it on. */
const steering = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

function snapshotOf(tree: ActivityTree): Snapshot {
  const to = Date.now();
  const text = JSON.stringify(
    tree.snapshot({
      slotId: 's1',
      container: { id: 'ab'.repeat(32), name: 'evil', podUid: 'u', podName: 'p', podNamespace: 'n' },
      from: to - 600_000,
      to,
      ended: true,
      gaps: [],
      blindSpots: [],
      kindsCollected: ['process', 'file', 'dns', 'network'],
      losses: { ringDrops: 0, mapFull: 0, truncated: 0, recursionMisses: 0, decodeErrors: 0, treeFull: 0 },
    }),
  );
  if (steering.test(text)) throw new Error(`a snapshot with control characters: ${JSON.stringify(text)}`);
  return snapshotSchema.parse(JSON.parse(text));
}

/**
 * Runs a program as a container's first: in the observed cgroup and in a mount namespace of its own, all its events
 * applied to a tree. The ring is emptied while it runs, as an agent does.
 */
export async function suffer(kernel: Kernel, maxBytes: number, ...command: readonly string[]): Promise<Aftermath> {
  const { capture, cgroup } = kernel;
  const tree = new ActivityTree({
    hostMountNamespace: statSync('/proc/self/ns/mnt').ino,
    startSeen: true,
    startPhaseSeconds: 60,
    maxBytes,
    injectedBy: () => 'exec',
  });
  const early: KernelEvent[] = [];
  const draining = setInterval(() => capture.drain((event) => early.push(event)), 5);
  try {
    const finished = await cgroup.run('unshare', '--mount', ...command);
    const events = [...early, ...finished.events];
    for (const event of events) if (isBehaviour(event)) tree.apply(event);
    return { ...finished, events, tree, snapshot: snapshotOf(tree) };
  } finally {
    clearInterval(draining);
  }
}
