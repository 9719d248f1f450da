/** The worked example of commonality in the documentation is true. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { emptyEvidence } from './evidence.ts';
import { evidenceOfSnapshot } from './from-snapshot.ts';
import { mergeEvidence } from './merge.ts';
import { publish } from './publish.ts';
import { contextOf, seenAt, snapshotOf } from './testing.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/concepts.md'), 'utf8');
const example = text.slice(text.indexOf('**Worked example.**'));
const rows = example
  .slice(0, example.indexOf('\n\nA container that'))
  .split('\n')
  .filter((line) => /^\| (?:runs|reads) /.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()));
const quoted = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '');

it('the containers of the example have the commonality that it says', () => {
  const snapshots = [2, 3, 4].map((column, index) =>
    snapshotOf(index + 1, {
      processes: [{ ...seenAt(), parent: -1, executable: '/usr/bin/app', maxInstances: 1 }],
      files: rows.flatMap((row) =>
        quoted(row[column]).map((path) => ({ ...seenAt(), process: 0, path, access: ['read' as const] })),
      ),
    }),
  );
  const evidence = snapshots.reduce(
    (all, snapshot) => mergeEvidence(all, evidenceOfSnapshot(snapshot, contextOf())),
    emptyEvidence,
  );
  const { behavior, commonality } = publish(evidence, { lostPeriods: 0 });
  const shown: (readonly [string, number | undefined])[] = [
    ...behavior.processes.map((process) => [process.executable, process.commonality] as const),
    ...behavior.files.map((file) => [file.path, file.commonality] as const),
  ];
  expect(rows).toHaveLength(4);
  expect(new Map(shown)).toEqual(new Map(rows.map((row) => [quoted(row[1])[0], Number(row[7])] as const)));
  expect(commonality).toBe(Number(/commonality is .* = (\d+)\./.exec(example)?.[1]));
});
