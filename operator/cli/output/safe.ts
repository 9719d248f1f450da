/**
 * Text from elsewhere on its way to a terminal. Names, paths and messages come from containers, files and other people's
 * objects: nothing that steers a terminal or turns the direction of text gets through, in no format.
 */
import { Document, isScalar, visit } from 'yaml';
import { printable } from '../../../core/activity/printable.ts';

/** Longer than any path that a profile holds. */
const longest = 8_192;

export function safe(text: string): string {
  return printable(text, longest);
}

const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** `\uNNNN`, which strings of JSON and double-quoted ones of YAML read back. */
function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');
}

/** Line breaks of the format itself stay. */
function escapeUnsafe(text: string): string {
  return text.replace(unsafe, (character) => (character === '\n' ? character : escaped(character)));
}

export function toJson(value: unknown): string {
  return `${escapeUnsafe(JSON.stringify(value, null, 2))}\n`;
}

export function toYaml(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_, node) => {
      if (isScalar(node) && typeof node.value === 'string' && node.value.search(unsafe) >= 0)
        node.type = 'QUOTE_DOUBLE';
    },
  });
  // Folded lines would be hard to compare and to search.
  return escapeUnsafe(document.toString({ lineWidth: 0 }));
}
