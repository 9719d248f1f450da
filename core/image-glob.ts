import { imageText, type Image } from './image.ts';

/**
 * Compiles a pattern over image references: `*` stands for any characters but a slash, `**` for any characters. A pattern
 * without a tag matches every tag. Matching is linear in pattern × text: each `*` moves on only by what follows it.
 */
export function imageGlob(pattern: string): (image: Image) => boolean {
  const hasTag = pattern.lastIndexOf(':') > pattern.lastIndexOf('/');
  const parts = pattern.split(/(\*+)/);
  return (image) => matches(parts, hasTag ? imageText(image) : image.name);
}

/** Positions in `text` that the parts so far can reach; a set instead of back-tracking, so that no pattern is slow. */
function matches(parts: readonly string[], text: string): boolean {
  let reached = new Set([0]);
  for (const part of parts) {
    const next = new Set<number>();
    for (const position of reached) {
      if (part.startsWith('*')) addRun(next, text, position, part.length > 1);
      else if (text.startsWith(part, position)) next.add(position + part.length);
    }
    reached = next;
  }
  return reached.has(text.length);
}

function addRun(next: Set<number>, text: string, from: number, overSlashes: boolean): void {
  for (let position = from; position <= text.length; position += 1) {
    next.add(position);
    if (text[position] === '/' && !overSlashes) return;
  }
}
