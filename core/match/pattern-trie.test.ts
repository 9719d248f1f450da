import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reducePath } from '../activity/reduce-path.ts';
import { Recording } from '../activity/testing/recording.ts';
import { isPathPattern, matchesPath, pathSignature } from '../pattern/path.ts';
import { nameSignature } from '../pattern/dns.ts';
import { signatureOf } from '../pattern/signature.ts';
import type { Evidence } from '../profile/evidence.ts';
import { keyOf } from '../profile/evidence.ts';
import { nameElements, nameOf } from './pattern-trie.ts';
import { compiled, evidenceOf } from './testing.ts';

const sh = { executable: '/bin/sh' };

/** What a shell does, with each path in the place of a pattern. */
function verdictsOn(patterns: readonly string[], paths: readonly string[]): string[] {
  const learned = evidenceOf(new Recording().exec(1, sh.executable).open(1, '/x').events);
  const [file] = learned.files.values();
  const files = patterns.flatMap((path) => (file === undefined ? [] : [{ ...file, path }]));
  const evidence: Evidence = { ...learned, files: new Map(files.map((entry) => [keyOf.file(entry), entry])) };
  const profile = compiled(evidence);
  const place = profile.place(undefined, sh);
  return paths.map((path) => profile.match(place, { kind: 'file', path, access: 1, truncated: false }).verdict);
}

const part = fc.constantFrom('a', 'ab', 'ab1', '1', '22', 'x9', 'x9z', '{uuid}', 'ä', '', '\\x41');
const name = fc
  .tuple(
    part,
    fc.array(fc.tuple(fc.constantFrom('-', '.', '_'), part), { maxLength: 2 }),
    fc.constantFrom('', '', '.log', '.php'),
  )
  .map(([first, rest, extension]) => first + rest.flat().join('') + extension);
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => reducePath(`/${names.join('/')}`));
const template = fc.constantFrom(
  '{any}',
  '{any}.log',
  '{digits}',
  'ab{digits}',
  '{mixed2}',
  '{mixed3}-{digits}',
  'a-{mixed2}.log',
  'tmp{random8}',
  '{random8}',
  '+~JF{digits}',
);
const pattern = fc.oneof(
  path.map(pathSignature),
  fc
    .tuple(path, fc.array(fc.option(template, { nil: undefined }), { minLength: 5, maxLength: 5 }))
    .map(([text, templates]) =>
      text
        .split('/')
        .map((element, index) => (index === 0 ? element : (templates[index] ?? element)))
        .join('/'),
    ),
);

const label = fc.constantFrom('a', 'a1', 'ab1', '7', 'x9z', 'a-7', 'pod-{digits}', '{digits}', '{mixed2}', 'a_b');
const domain = fc.constantFrom(
  'example.com',
  'example1.com',
  'db.shop.svc.cluster.local',
  'b7.s3.amazonaws.com',
  'co.uk',
  'local',
);
const dnsName = fc
  .tuple(fc.array(label, { maxLength: 3 }), domain)
  .map(([labels, rest]) => [...labels, rest].join('.'));

describe('elements of a DNS name', () => {
  it('are the same for a name and for a pattern that stands for it, and give the name', () => {
    fc.assert(
      fc.property(dnsName, (text) => {
        const [own, ...labels] = nameElements(text);
        const pattern = nameSignature(text);
        expect(nameElements(pattern)).toEqual([own, ...labels.map(signatureOf)]);
        expect(nameOf(nameElements(text))).toBe(text);
      }),
    );
  });
});

describe('patterns of a compiled profile', () => {
  it('stand for the paths that the language of patterns says, and for no others', () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 8 }), fc.array(path, { maxLength: 8 }), (patterns, paths) => {
        const all = [...paths, ...patterns.filter((text) => !isPathPattern(text))];
        const expected = all.map((text) => (patterns.some((one) => matchesPath(one, text)) ? 'known' : 'unseen'));
        expect(verdictsOn(patterns, all)).toEqual(expected);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['/var/log/app-{digits}.log', '/var/log/app-12.log', 'known'],
    ['/var/log/app-{digits}.log', '/var/log/app-12.php', 'unseen'],
    ['/var/log/app-{digits}.log', '/var/log/app-12.log/x', 'unseen'],
    ['/data/{digits}/{digits}_fsm', '/data/5/1259_fsm', 'known'],
    ['/data/{digits}/{digits}_fsm', '/data/5/1259_vm', 'unseen'],
    ['/cache/{mixed8}', '/cache/a1b2c3d4', 'known'],
    ['/cache/{mixed8}', '/cache/xmrig', 'unseen'],
    ['/cache/{mixed8}', '/cache/kthreadd', 'unseen'],
    ['/cache/{mixed8}', '/cache/deadbeef', 'known'],
    ['/cache/.{mixed8}', '/cache/.kthreadd', 'unseen'],
    ['/cache/.{mixed8}', '/cache/.kthread7', 'known'],
    ['/tmp/tmp{random8}', '/tmp/tmp62_qw223', 'known'],
    ['/tmp/tmp{random8}/x', '/tmp/tmpejghlxbz/x', 'known'],
    ['/tmp/tmp{random8}', '/tmp/tmpfiles8', 'unseen'],
    ['/tmp/tmp{random8}', '/tmp/tmp62_qw223.sh', 'unseen'],
    ['/tmp/+~JF{digits}.tmp', '/tmp/+~JF4225.tmp', 'known'],
    ['/home/u/{any}', '/home/u/.ssh', 'unseen'],
    ['/home/{any}/id_rsa', '/home/u/id_rsa', 'unseen'],
  ])('%s and %s: %s', (known, seen, verdict) => {
    expect(verdictsOn([known], [seen])).toEqual([verdict]);
  });

  it('say nothing where too many of them overlap', () => {
    const overlapping = Array.from({ length: 2 ** 7 }, (_, bits) => {
      const elements = Array.from({ length: 7 }, (__, at) => ((bits >> at) & 1 ? '{digits}' : '{mixed1}'));
      return `/tmp/${elements.join('/')}/x`;
    });
    expect(verdictsOn(overlapping, ['/tmp/7/7/7/7/7/7/7/y'])).toEqual(['undecidable']);
    expect(verdictsOn(overlapping, ['/tmp/7/7/7/7/7/7/7/x', '/tmp/8/y'])).toEqual(['known', 'unseen']);
  });

  it('are found among thousands within the steps of one walk', () => {
    const patterns = Array.from(
      { length: 3_000 },
      (_, index) => `/var/lib/dir${'abcdefghij'.charAt(index % 10)}/${index}/x{digits}`,
    );
    expect(verdictsOn(patterns, ['/var/lib/dira/20/xx7', '/var/lib/dira/20/x7'])).toEqual(['unseen', 'unseen']);
    expect(
      verdictsOn(
        patterns.map((text) => text.replace('x{digits}', 'xy{digits}')),
        ['/var/lib/dira/20/xy7'],
      ),
    ).toEqual(['known']);
  });
});
