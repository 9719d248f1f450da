/**
 * Braces belong to the notation, so no name of a container may bring its own: `{` becomes `\x7b`, the escape that paths have
 * for bytes anyway, and a file that is called `{digits}` shows as `\x7bdigits}`, which is a pattern of nothing.
 */

/** What one path shows by itself, see core/activity/reduce-path.ts. They stand for what they say, as literal parts of a name. */
const placeholders = [
  'address',
  'anonymous',
  'date',
  'fd',
  'hex',
  'id',
  'inode',
  'module',
  'mounts',
  'n',
  'pid',
  'random',
  'range',
  'tid',
  'time',
  'uuid',
] as const;

const foreignBrace = new RegExp(`\\{(?!(?:${placeholders.join('|')})\\})`, 'g');

/** Idempotent. */
export function quoteBraces(name: string): string {
  return name.includes('{') ? name.replace(foreignBrace, '\\x7b') : name;
}
