/** Programs for tests that use names as real ones do, and what a reader of their profile gets to see. */
import { canonicalPath } from '../activity/file-activity.ts';
import type { FileAccess, Snapshot } from '../activity/snapshot.ts';
import { emptyEvidence, type Evidence } from './evidence.ts';
import { evidenceOfSnapshot } from './from-snapshot.ts';
import { mergeEvidence } from './merge.ts';
import { publish } from './publish.ts';
import { contextOf, seenAt, snapshotOf } from './testing.ts';

const alphabets = {
  base62: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
  base36: 'abcdefghijklmnopqrstuvwxyz0123456789',
  python: 'abcdefghijklmnopqrstuvwxyz0123456789_',
  hex: '0123456789abcdef',
  digits: '0123456789',
};

/** Names as random as real ones, and the same in every run. */
export function names(kind: keyof typeof alphabets, length: number, count: number, seed = 1): string[] {
  let state = seed * 7_919 + length;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const alphabet = alphabets[kind];
  const one = (): string =>
    Array.from({ length }, () => alphabet.charAt(Math.floor(next() * alphabet.length))).join('');
  return Array.from({ length: count }, one);
}

export interface Activity {
  readonly paths?: readonly string[];
  readonly access?: FileAccess;
  readonly names?: readonly string[];
  readonly executables?: readonly string[];
}

/** One program does all of it, a part in each of three containers. */
export function learned(...activities: readonly Activity[]): Evidence {
  const containers = [1, 2, 3].map((container): Snapshot => {
    const mine = <Item>(items: readonly Item[] = []): Item[] => items.filter((_, index) => index % 3 === container - 1);
    return snapshotOf(container, {
      processes: ['/usr/bin/server', ...activities.flatMap(({ executables }) => executables ?? [])].map(
        (executable, index) => ({ ...seenAt(), parent: index === 0 ? -1 : 0, executable, maxInstances: 1 }),
      ),
      files: activities.flatMap(({ paths, access = 'read' }) =>
        mine(paths).map((path) => ({ ...seenAt(), process: 0, path: canonicalPath(path), access: [access] })),
      ),
      dns: activities.flatMap(({ names: asked }) =>
        (asked ?? []).map((name) => ({ ...seenAt(), process: 0, name, types: ['A'] })),
      ),
    });
  });
  return containers.reduce(
    (all, snapshot) => mergeEvidence(all, evidenceOfSnapshot(snapshot, contextOf())),
    emptyEvidence,
  );
}

export function shown(...activities: readonly Activity[]): string[] {
  const { files, dns } = publish(learned(...activities), { lostPeriods: 0 }).behavior;
  return [...files.map(({ path }) => path), ...dns.map(({ name }) => name)].sort();
}

export const numbers = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => from + index);

/** As `tempfile.mktemp()` made them. */
export const pythonNames =
  'tmp1tz1u9ha tmpn2msqe2t tmp0qgv0we8 tmp62_qw223 tmp6h1f9kcv tmpejghl3b3 tmph6pbw206 tmp0kk45m3q tmpz32xlyf2'.split(
    ' ',
  );
