/** Of names that programs make up, how many the pattern of most of them does not stand for, in percent. */
import { expect, it } from 'vitest';
import { signatureOf } from './signature.ts';
import { isPattern, matchesTemplate } from './template.ts';

const base36 = 'abcdefghijklmnopqrstuvwxyz0123456789';
const base62 = `${base36}ABCDEFGHIJKLMNOPQRSTUVWXYZ`;
const count = 5_000;

/** As random as needed, and the same in every run. */
function generator(): (below: number) => number {
  let state = 7;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Generator {
  readonly maker: string;
  readonly beginning?: string;
  readonly alphabet: string;
  readonly length: number;
  readonly extension?: string;
  readonly pattern: string;
  /** Of the names at most. */
  readonly missed?: number;
}

const digits = '0123456789';

it.each<Generator>([
  { maker: 'mktemp', beginning: 'tmp.', alphabet: base62, length: 10, pattern: 'tmp.{mixed10}' },
  { maker: "Python's tempfile", beginning: 'tmp', alphabet: `${base36}_`, length: 8, pattern: 'tmp{random8}' },
  { maker: "Rust's tempfile", beginning: '.tmp', alphabet: base62, length: 6, pattern: '.tmp{random6}' },
  { maker: "Go's os.CreateTemp", alphabet: digits, length: 10, pattern: '{digits}' },
  { maker: 'the same for a name', beginning: 'upload-', alphabet: digits, length: 10, pattern: 'upload-{digits}' },
  { maker: "Node's fs.mkdtemp", beginning: 'app-', alphabet: base62, length: 6, pattern: 'app-{mixed6}' },
  {
    maker: "Java's createTempFile",
    beginning: 'report',
    alphabet: digits,
    length: 19,
    extension: '.tmp',
    pattern: 'report{digits}.tmp',
  },
  { maker: 'rsync', beginning: '.data.csv.', alphabet: base62, length: 6, pattern: '.data.csv.{mixed6}' },
  { maker: 'sessions of PHP', beginning: 'sess_', alphabet: base36, length: 26, pattern: 'sess_{mixed26}' },
  { maker: 'a cache of hashes', alphabet: `${digits}abcdef`, length: 8, pattern: '{mixed8}' },
  { maker: 'mkstemp behind a word', beginning: 'sess', alphabet: base62, length: 6, pattern: '{mixed10}', missed: 1 },
  // A bare name that shows no sign of being random stays single, and so does one with `_`, at which names fall into parts.
  { maker: "Perl's File::Temp", alphabet: `${base62}_`, length: 10, pattern: '{mixed10}', missed: 18 },
])('$maker', ({ beginning = '', alphabet, length, extension = '', pattern, missed = 0 }) => {
  const random = generator();
  const letter = (): string => alphabet.charAt(random(alphabet.length));
  const names = Array.from({ length: count }, () => beginning + Array.from({ length }, letter).join('') + extension);
  const signatures = Map.groupBy(names.map(signatureOf).filter(isPattern), (signature) => signature);
  const [usual] = [...signatures.values()].sort((left, right) => right.length - left.length);
  expect(usual?.[0]).toBe(pattern);
  const others = names.filter((name) => !matchesTemplate(pattern, name));
  expect((100 * others.length) / count).toBeLessThanOrEqual(missed);
});
