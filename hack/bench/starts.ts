/** Containers that start while the machine is busy: is the first program seen of each, and everything that follows? */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Snapshot } from '../../core/activity/snapshot.ts';
import type { Measurement } from './measurement.ts';
import { type Node, until } from './node.ts';
import { reportAfter, slotFor, untilAll } from './reports.ts';

/** So many at once: below the number of finished trees that an agent keeps. */
const atOnce = 25;
const waves = 12;
/** Twice as many as there are processors. */
const busyPrograms = 4;

/** Some files, a program of its own, an interpreter with its library, all within some ten milliseconds. */
function startupCommand(folder: string): string[] {
  mkdirSync(folder);
  const files = Array.from({ length: 20 }, (_, number) => join(folder, `configuration-${number}`));
  for (const file of files) writeFileSync(file, 'key=value\n');
  const script = 'cat "$@" >/dev/null; /usr/bin/python3 -IS -c "import json, socket"; exec /bin/sleep 0.1';
  return ['/bin/sh', '-c', script, 'sh', ...files];
}

function keepBusy(node: Node): void {
  for (let program = 0; program < busyPrograms; program++) {
    const child = spawn('/bin/sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
    node.atEnd(() => void child.kill('SIGKILL'));
  }
}

/** What a container did, each as a line: its programs by their lineage, and their files. */
function behaviours({ processes, files, dns, network }: Snapshot): string[] {
  const lineage = (index: number): string => {
    const process = processes[index];
    return process === undefined ? '' : `${lineage(process.parent)} > ${process.executable}`;
  };
  return [
    ...processes.map((_, index) => lineage(index)),
    ...files.map(({ process, path, access }) => `${lineage(process)}: ${path} ${access.join()}`),
    ...dns.map(({ process, name }) => `${lineage(process)}: ${name}`),
    ...network.map(({ process, direction, address }) => `${lineage(process)}: ${direction} ${address}`),
  ];
}

async function wave(node: Node, command: readonly string[]): Promise<Snapshot[]> {
  const started = Array.from({ length: atOnce }, () => node.container().start(...command));
  await Promise.all(started.map((container) => container.end()));
  await untilAll(node, started, 'finished');
  const before = node.operator.snapshots.length;
  await reportAfter(node, started.map(slotFor));
  const snapshots = await until(`${atOnce} snapshots`, () => {
    const come = node.operator.snapshots.slice(before);
    return come.length >= atOnce ? come : undefined;
  });
  return snapshots.filter(({ container }) => started.some(({ id }) => id === container.id));
}

export async function measureStarts(node: Node, progress: (text: string) => void): Promise<Measurement[]> {
  const command = startupCommand(join(node.folder, 'startup'));
  const agent = await node.agentReady();
  keepBusy(node);
  const snapshots: Snapshot[] = [];
  for (let number = 1; number <= waves; number++) {
    progress(`wave ${number} of ${waves}`);
    snapshots.push(...(await wave(node, command)));
  }
  await agent.stop();
  const started = snapshots.filter(
    ({ startSeen, processes: [first] }) => startSeen && first?.executable === '/usr/bin/dash',
  );
  const seen = snapshots.map((snapshot) => new Set(behaviours(snapshot)));
  // All of them did the same: what one showed and another did not was missed.
  const all = [...new Set(seen.flatMap((each) => [...each]))];
  const missing = all.reduce((sum, behaviour) => sum + seen.filter((each) => !each.has(behaviour)).length, 0);
  return [
    {
      what: 'containers started under load whose first program was seen',
      value: started.length,
      unit: 'containers',
      budget: { atLeast: atOnce * waves },
      note: `of ${atOnce * waves}, ${atOnce} at once`,
    },
    {
      what: 'behaviours of their start that were missed',
      value: missing,
      unit: 'behaviours',
      budget: { atMost: 0 },
      note: `of ${all.length} of each`,
    },
  ];
}
