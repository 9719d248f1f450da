/**
 * Whether two patterns have a name in common, though neither may cover the other: `{mixed8}.log` and `ab{digits}.log` share
 * `ab123456.log`. An element is a row of characters, each of a class, of which those of `{digits}`, `{any}` and `{numbered}`
 * come once or more; two rows share a text if one walk goes through both to the end.
 *
 * What templates ask for beyond that (that a mixture looks like one, which beginnings a shape takes) is not looked at, so of
 * two templates it may say that they overlap where they hardly do, and never the other way round.
 */
import { extensionOf } from './extension.ts';
import { madeOf } from './maker.ts';
import { isPattern, matchesTemplate, parseTemplate, type Part, type Template } from './template.ts';

interface Atom {
  readonly takes: RegExp;
  /** Once or more. */
  readonly many: boolean;
  /** Every class holds a digit, so only single characters need be compared. */
  readonly literal?: string;
}

/** Of `{random8}` without a beginning. */
const bareLength = 8;

/** NAME_MAX: a longer template stands for no name. */
const longest = 255;

const classes = {
  digits: /[0-9]/,
  mixed: /[A-Za-z0-9]/,
  word: /[A-Za-z0-9_]/,
  python: /[a-z0-9_]/,
  any: /[-._A-Za-z0-9]/,
};

/** Two elements of paths, or labels of names. Symmetric. */
export function elementsOverlap(one: string, other: string): boolean {
  if (one === other) return true;
  if (!isPattern(one)) return isPattern(other) && matchesTemplate(other, one);
  if (!isPattern(other)) return matchesTemplate(one, other);
  const [left, right] = [parseTemplate(one), parseTemplate(other)];
  return !isOther(left, other) && !isOther(right, one) && shareText(atomsOf(left), atomsOf(right));
}

/** Names of `{any}` have its extension, or none. */
function isOther(template: Template, other: string): boolean {
  const extension = extensionOf(other);
  return template.kind === 'any' && extension !== '' && extension !== template.extension;
}

function atomsOf(template: Template): readonly Atom[] {
  switch (template.kind) {
    case 'any':
      return [{ takes: classes.any, many: true }, ...literal(template.extension)];
    case 'random':
      return randomAtoms(template.text);
    case 'shape':
      return shapeAtoms(template.text);
    case 'parts':
      return template.parts.flatMap((part, index) => [
        ...partAtoms(part),
        ...literal(template.separators[index] ?? ''),
      ]);
  }
}

function randomAtoms(text: string): Atom[] {
  const { beginning = '', length = bareLength, extension = '' } = madeOf(text) ?? {};
  const random = exactly(length, length === 8 ? classes.python : classes.mixed);
  return [...literal(beginning), ...random, ...literal(extension)];
}

function shapeAtoms(text: string): Atom[] {
  const [, beginning = '', length, extension = ''] = /^([^{]*)\{(?:any(\d+)|numbered)\}(.*)$/.exec(text) ?? [];
  const rest = length === undefined ? [{ takes: classes.word, many: true }] : exactly(Number(length), classes.word);
  return [...literal(beginning), ...rest, ...literal(extension)];
}

function partAtoms(part: Part): Atom[] {
  switch (part.kind) {
    case 'literal':
      return literal(part.text);
    case 'digits':
      return [...literal(part.word), { takes: classes.digits, many: true }];
    case 'mixed':
      return exactly(part.length, classes.mixed);
  }
}

function literal(text: string): Atom[] {
  return Array.from(text, (character) => ({ takes: /(?!)/, many: false, literal: character }));
}

function exactly(length: number, takes: RegExp): Atom[] {
  return Array.from({ length: Math.min(length, longest + 1) }, () => ({ takes, many: false }));
}

/** At most 255 × 255 pairs of places, each visited once. */
function shareText(one: readonly Atom[], other: readonly Atom[]): boolean {
  if (one.length > longest || other.length > longest) return false;
  const width = other.length + 1;
  const visited = new Set([0]);
  for (const place of visited) {
    const [left, right] = [Math.floor(place / width), place % width];
    const [a, b] = [one[left], other[right]];
    if (a === undefined || b === undefined) {
      if (a === b) return true;
    } else if (shareCharacter(a, b)) {
      for (const x of after(a, left)) for (const y of after(b, right)) visited.add(x * width + y);
    }
  }
  return false;
}

function after({ many }: Atom, place: number): number[] {
  return many ? [place, place + 1] : [place + 1];
}

function shareCharacter(a: Atom, b: Atom): boolean {
  if (a.literal !== undefined && b.literal !== undefined) return a.literal === b.literal;
  if (a.literal !== undefined) return b.takes.test(a.literal);
  return b.literal === undefined || a.takes.test(b.literal);
}
