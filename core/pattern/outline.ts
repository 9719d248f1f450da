/**
 * What of a pattern stands for itself, by which most pairs are told apart at a glance before anybody asks whether they have a
 * name in common (overlap.ts).
 */
import { parseTemplate } from './template.ts';

export interface Outline {
  /** Before the first brace, and after the last. */
  readonly beginning: string;
  readonly end: string;
  /** Literal parts and separators of all elements, undefined where digits or a mixture stand; absent if an element has no parts. */
  readonly parts?: readonly (string | undefined)[];
}

/** @param elements of a path, or labels of a name; of a plain element nothing stands for more than itself. */
export function outlineOf(elements: readonly string[]): Outline {
  const text = elements.join('/');
  const brace = text.indexOf('{');
  const parts: (string | undefined)[] = [];
  let hasParts = true;
  for (const element of elements) {
    const template = parseTemplate(element);
    if (template.kind !== 'parts') hasParts = false;
    else {
      for (const [index, part] of template.parts.entries()) {
        parts.push(part.kind === 'literal' ? part.text : undefined, template.separators[index] ?? '/');
      }
    }
  }
  return {
    beginning: brace < 0 ? text : text.slice(0, brace),
    end: text.slice(text.lastIndexOf('}') + 1),
    ...(hasParts && { parts }),
  };
}

/** False only of patterns that have no name in common, of equally many elements. Symmetric. */
export function mayOverlap(one: Outline, other: Outline): boolean {
  if (one.parts === undefined || other.parts === undefined) {
    return startsAlike(one.beginning, other.beginning) && endsAlike(one.end, other.end);
  }
  return one.parts.length === other.parts.length && areAlike(one.parts, other.parts);
}

/** A loop, for it is asked of millions of pairs. */
function areAlike(one: readonly (string | undefined)[], other: readonly (string | undefined)[]): boolean {
  for (let index = 0; index < one.length; index += 1) {
    const [part, opposite] = [one[index], other[index]];
    if (part !== undefined && opposite !== undefined && part !== opposite) return false;
  }
  return true;
}

function startsAlike(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

function endsAlike(one: string, other: string): boolean {
  return one.endsWith(other) || other.endsWith(one);
}
