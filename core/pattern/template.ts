/**
 * Templates: names in which parts stand for many values. Every signature is one, and so is each name that holds no brace.
 *
 * | Notation        | Stands for                                                                       |
 * |-----------------|----------------------------------------------------------------------------------|
 * | `{digits}`      | one digit or more; alone between separators, or after a word (`cpu{digits}`)      |
 * | `{mixedN}`      | exactly N letters and digits; as a whole name, also a hidden one, not a word      |
 * | `{any}`, `{any}.ext` | any letters, digits, `-`, `_` and `.`, not with a dot at the front, and without an extension or with exactly this one |
 * | `tmp{random8}.ext`, `{random8}` | what a well-known program makes up, as core/pattern/maker.ts says |
 * | `word-{any8}.ext`, `word-{numbered}.ext` | names of one shape, as core/pattern/shape.ts says |
 *
 * All else stands for itself, also the placeholders of single paths (`{uuid}`). Letters, digits and separators are ASCII.
 */
import { extensionOf } from './extension.ts';
import { bareRandom, isBareRandom, randomTemplate } from './maker.ts';
import { isShape, shapesFor } from './shape.ts';
import { signatureOf } from './signature.ts';

export type Part =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'digits'; readonly word: string }
  | { readonly kind: 'mixed'; readonly length: number };

export type Template =
  | { readonly kind: 'parts'; readonly parts: readonly Part[]; readonly separators: readonly string[] }
  | { readonly kind: 'any'; readonly extension: string }
  | { readonly kind: 'random'; readonly text: string }
  | { readonly kind: 'shape'; readonly text: string };

const any = '{any}';

/** A name that never begins, ends or continues with the notation is a template of itself alone. */
export function parseTemplate(text: string): Template {
  if (text.startsWith(any)) {
    const extension = text.slice(any.length);
    if (extension === '' || extensionOf(`x${extension}`) === extension) return { kind: 'any', extension };
  }
  if (isShape(text)) return { kind: 'shape', text };
  if (isRandom(text)) return { kind: 'random', text };
  const pieces = text.split(/([-._])/);
  return {
    kind: 'parts',
    parts: pieces.filter((_, index) => index % 2 === 0).map(parsePart),
    separators: pieces.filter((_, index) => index % 2 === 1),
  };
}

/** Names of it count as different whatever parts they have. */
export function isRandom(text: string): boolean {
  return text.includes('{random') && (text === bareRandom || randomTemplate(text) === text);
}

function parsePart(text: string): Part {
  const digits = /^([+~]*[A-Za-z]{2,})?\{digits\}$/.exec(text);
  if (digits !== null) return { kind: 'digits', word: digits[1] ?? '' };
  const length = /^\{mixed([1-9]\d{0,4})\}$/.exec(text)?.[1];
  return length === undefined ? { kind: 'literal', text } : { kind: 'mixed', length: Number(length) };
}

/** Undoes {@link parseTemplate}. */
export function printTemplate(template: Template): string {
  if (template.kind === 'any') return any + template.extension;
  if (template.kind !== 'parts') return template.text;
  return template.parts.map((part, index) => printPart(part) + (template.separators[index] ?? '')).join('');
}

function printPart(part: Part): string {
  switch (part.kind) {
    case 'literal':
      return part.text;
    case 'digits':
      return `${part.word}{digits}`;
    case 'mixed':
      return `{mixed${part.length}}`;
  }
}

function textIn(part: Exclude<Part, { kind: 'mixed' }>): string {
  return part.kind === 'digits' ? part.word : part.text;
}

/** It stands for more than itself. */
export function isPattern(text: string): boolean {
  if (!text.includes('{')) return false;
  const template = parseTemplate(text);
  return template.kind !== 'parts' || template.parts.some((part) => part.kind !== 'literal');
}

/** The template stands for this name, which is one as `reducePath` leaves it. */
export function matchesTemplate(template: string, name: string): boolean {
  return template === name || covers(parseTemplate(template), name);
}

/**
 * Everything that `narrow` stands for, a name or again a template, `wide` stands for as well. It is what {@link matchesTemplate}
 * asks of a name.
 */
export function covers(wide: Template, narrow: string): boolean {
  if (wide.kind === 'any') return coversAny(wide.extension, narrow);
  if (wide.kind === 'shape') return wide.text === narrow || shapesFor(narrow).includes(wide.text);
  if (wide.kind === 'random') {
    return wide.text === narrow || wide.text === (isBareRandom(narrow) ? bareRandom : randomTemplate(narrow));
  }
  const other = parseTemplate(narrow);
  if (other.kind !== 'parts' || other.parts.length !== wide.parts.length) return false;
  return (
    wide.separators.every((separator, index) => separator === other.separators[index]) &&
    wide.parts.every((part, index) => partCovers(part, other.parts[index], isBare(wide)))
  );
}

/** A single part, perhaps behind the dot of a hidden name. */
function isBare({ parts: [first], parts, separators }: Extract<Template, { kind: 'parts' }>): boolean {
  const hidden = parts.length === 2 && first !== undefined && printPart(first) === '' && separators[0] === '.';
  return parts.length === 1 || hidden;
}

/**
 * Letters and digits that a generator may have made. What has a beginning or an extension is known by that and by its length
 * (`tmp.XaTkQy`). A `whole` name has to look random, with a digit, a capital inside (one name of Perl's in seventy has neither),
 * or only letters of hexadecimal digits: else a `kdevtmpfsi` among them would be one.
 */
export function isMixture(text: string, whole: boolean): boolean {
  return /^[A-Za-z0-9]+$/.test(text) && (!whole || /\d|[a-z][A-Z]|^[a-f]+$|^[A-F]+$/.test(text));
}

function partCovers(wide: Part, narrow: Part | undefined, whole: boolean): boolean {
  if (narrow === undefined) return false;
  switch (wide.kind) {
    case 'literal':
      return narrow.kind === 'literal' && narrow.text === wide.text;
    case 'digits':
      if (narrow.kind === 'literal') return signatureOf(narrow.text) === `${wide.word}{digits}`;
      return narrow.kind === 'digits' && narrow.word === wide.word;
    case 'mixed':
      if (narrow.kind === 'literal') return narrow.text.length === wide.length && isMixture(narrow.text, whole);
      return narrow.kind === 'mixed' && narrow.length === wide.length;
  }
}

function coversAny(extension: string, narrow: string): boolean {
  const other = parseTemplate(narrow);
  if (other.kind === 'any') return other.extension === extension;
  if (extensionOf(narrow) !== extension || narrow.startsWith('.')) return false;
  if (other.kind !== 'parts') return true;
  return other.parts.every((part) => part.kind === 'mixed' || /^[A-Za-z0-9]*$/.test(textIn(part)));
}
