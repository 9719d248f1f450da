import { describe, expect, it } from 'vitest';
import type { FileAccess } from '../activity/snapshot.ts';
import { compiled } from '../match/testing.ts';
import { emptyEvidence, type Evidence } from './evidence.ts';
import { evidenceOfSnapshot } from './from-snapshot.ts';
import { generalise } from './generalise.ts';
import { memberCount } from './members.ts';
import { mergeEvidence } from './merge.ts';
import { contextOf, seenAt, snapshotOf } from './testing.ts';

const all: readonly FileAccess[] = ['read', 'write', 'create', 'delete'];

function uses(container: number, path: string, access = all, executable = '/usr/bin/python3.11'): Evidence {
  return evidenceOfSnapshot(
    snapshotOf(container, {
      processes: [{ ...seenAt(), parent: -1, executable, maxInstances: 1 }],
      files: [{ ...seenAt(), process: 0, path, access: [...access] }],
    }),
    contextOf(),
  );
}

const merged = (...parts: readonly Evidence[]): Evidence =>
  parts.reduce((known, part) => mergeEvidence(known, part), emptyEvidence);
const shown = (evidence: Evidence): string[] => [
  ...new Set([...generalise(evidence).files.values()].map(({ path }) => path)),
];

describe('a file by which Python tries a directory', () => {
  it.each(['/tmp/t46xdahm', '/var/tmp/_i0606bl', '/var/lib/notes/tmp/0_ab_cde'])('is one of its kind: %s', (path) => {
    expect(shown(uses(1, path))).toEqual([path.replace(/[^/]*$/, '{random8}')]);
  });

  it.each<[string, Evidence]>([
    ['another program', uses(1, '/tmp/t46xdahm', all, '/usr/bin/perl')],
    ['a file that stays', uses(1, '/tmp/t46xdahm', ['read', 'write', 'create'])],
    ['a file that was there', uses(1, '/tmp/t46xdahm', ['read', 'write', 'delete'])],
    ['a file that is made executable', uses(1, '/tmp/t46xdahm', [...all, 'attributes'])],
    ['a file that is moved', uses(1, '/tmp/t46xdahm', [...all, 'rename'])],
    ['a word', uses(1, '/tmp/kthreadd')],
    ['a word with a number', uses(1, '/tmp/xmrig_64')],
    ['another length', uses(1, '/tmp/t46xdahm1')],
    ['an extension', uses(1, '/tmp/t46xdahm.py')],
    ['a directory of keys', uses(1, '/root/.ssh/t46xdahm')],
    ['configuration', uses(1, '/etc/cron.d/t46xdahm')],
    ['the root', uses(1, '/t46xdahm')],
  ])('is not %s', (_, evidence) => {
    expect(shown(evidence)).toEqual([...evidence.files.values()].slice(0, 1).map(({ path }) => path));
  });

  it('is known to whoever starts next, and hides no file that stays', () => {
    const learned = merged(uses(1, '/tmp/t46xdahm'), uses(2, '/tmp/_i0606bl'));
    const files = [...generalise(learned).files.values()];
    expect(files.map(({ access, members }) => [access, members && memberCount(members)])).toEqual(
      all.map((access) => [access, 2]),
    );
    const profile = compiled(learned);
    const place = profile.place(undefined, { executable: '/usr/bin/python3.11' });
    const verdict = (path: string, access: FileAccess): string =>
      profile.match(place, {
        kind: 'file',
        path,
        access: 1 << ['read', 'write', 'create', 'denied', 'delete', 'rename', 'attributes'].indexOf(access),
        truncated: false,
      }).verdict;
    expect(verdict('/tmp/9z8y7x6w', 'create')).toBe('known');
    expect(verdict('/tmp/9z8y7x6w', 'attributes')).toBe('unseen');
    expect(verdict('/tmp/9z8y7x6w', 'rename')).toBe('unseen');
    expect(verdict('/tmp/kthreadd', 'create')).toBe('unseen');
    expect(verdict('/srv/9z8y7x6w', 'create')).toBe('unseen');
  });
});
