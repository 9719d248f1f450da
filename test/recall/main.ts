/**
 * Compares the capture with strace, program by program:
 *
 *     node test/recall/main.ts [PROGRAM…]   JSON lines and a table; the JSON lines also into dist/recall.json
 *     node test/recall/main.ts --prepare    makes the programs' root file system and nothing else
 *
 * Needs root, runc, mmdebstrap, tracefs and the compiled programs (`make bpf`). Fails if something is unexplained.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { programsRoot } from '../../hack/images/programs.ts';
import { openCapture } from '../../agent/kernel/open-capture.ts';
import { mountTracefs } from '../kernel/requirements.ts';
import { factKinds } from './facts.ts';
import { programs, type Program } from './programs.ts';
import { recallOf, unexplained, type Recall } from './recall.ts';

const artefact = fileURLToPath(new URL('../../dist/recall.json', import.meta.url));

/** One line of the artefact: distinct things of all kinds together, by the events of the capture. */
interface Row {
  readonly program: string;
  readonly strace: number;
  readonly capture: number;
  readonly missing: number;
  readonly extra: number;
  /** Of the missing and extra ones, those with a reason in programs.ts. */
  readonly explained: number;
  readonly unexplained: readonly string[];
}

function rowOf(recall: Recall, program: Program): Row {
  const accounts = factKinds.map((kind) => recall.events[kind]);
  const sum = (count: (account: (typeof accounts)[number]) => number): number =>
    accounts.reduce((total, account) => total + count(account), 0);
  const missing = sum(({ difference }) => difference.missing.length);
  const extra = sum(({ difference }) => difference.extra.length);
  const open = unexplained(recall, program, 'events');
  return {
    program: program.name,
    strace: sum(({ truth }) => truth),
    capture: sum(({ found }) => found),
    missing,
    extra,
    explained: missing + extra - open.filter((line) => !line.startsWith('did not occur')).length,
    unexplained: [...open, ...unexplained(recall, program, 'snapshot').filter((line) => !open.includes(line))],
  };
}

function table(rows: readonly Row[]): string {
  const columns = ['strace', 'capture', 'missing', 'extra', 'explained'] as const;
  const line = (name: string, values: readonly (string | number)[]): string =>
    name.padEnd(10) + values.map((value) => String(value).padStart(11)).join('');
  return [
    line('program', columns),
    ...rows.map((row) =>
      line(
        row.program,
        columns.map((column) => row[column]),
      ),
    ),
  ].join('\n');
}

async function measure(names: readonly string[], root: string): Promise<Row[]> {
  const tracefs = mountTracefs();
  const capture = await openCapture({ tracefs: tracefs.path });
  const rows: Row[] = [];
  try {
    for (const program of programs.filter(({ name }) => names.length === 0 || names.includes(name))) {
      const recall = await recallOf(program, capture, root);
      if (recall.status !== 0) throw new Error(`${program.name} ended with ${recall.status}:\n${recall.output}`);
      rows.push(rowOf(recall, program));
    }
  } finally {
    capture.close();
    tracefs.remove();
  }
  return rows;
}

const words = process.argv.slice(2);
const { path: root } = await programsRoot();
if (words[0] !== '--prepare') {
  const rows = await measure(words, root);
  const lines = rows.map((row) => JSON.stringify(row)).join('\n');
  mkdirSync(dirname(artefact), { recursive: true });
  writeFileSync(artefact, `${lines}\n`);
  process.stdout.write(`${lines}\n\n${table(rows)}\n`);
  if (rows.some((row) => row.unexplained.length > 0)) process.exitCode = 1;
}
