import { LRUCache } from 'lru-cache';
import { imageText, type Image } from '../../core/image.ts';
import type { Exclusion } from '../settings.ts';

/** The exclusion that matches a container, as text for people; undefined if none does. */
export type ExclusionMatcher = (namespace: string, image: Image) => string | undefined;

type Token = { readonly type: 'character'; readonly value: string } | { readonly type: 'segment' | 'anything' };

function tokens(pattern: string): Token[] {
  return Array.from(pattern.matchAll(/\*\*|./gsu), ([value]): Token => {
    if (value === '**') return { type: 'anything' };
    return value === '*' ? { type: 'segment' } : { type: 'character', value };
  });
}

/**
 * `*` stands for characters other than a slash, `**` for any. Pattern times text steps at most, 384 × 384: patterns are
 * typed by people and names by attackers, so there is nothing here that could backtrack.
 */
function matches(pattern: readonly Token[], text: string): boolean {
  // reached[i]: the first i tokens can match the text read so far.
  let reached = stepOverStars(pattern, [true]);
  for (const character of text) {
    const next: boolean[] = [];
    for (const [index, token] of pattern.entries()) {
      if (reached[index] !== true) continue;
      if (token.type === 'anything' || (token.type === 'segment' && character !== '/')) next[index] = true;
      if (token.type === 'character' && token.value === character) next[index + 1] = true;
    }
    reached = stepOverStars(pattern, next);
  }
  return reached[pattern.length] === true;
}

/** A star may also stand for nothing. */
function stepOverStars(pattern: readonly Token[], reached: boolean[]): boolean[] {
  for (const [index, token] of pattern.entries()) {
    if (reached[index] === true && token.type !== 'character') reached[index + 1] = true;
  }
  return reached;
}

function imagePattern(pattern: string): (image: Image) => boolean {
  // A colon before the last slash belongs to the registry's port, one behind it to the tag.
  const colon = pattern.indexOf(':', pattern.lastIndexOf('/') + 1);
  const name = tokens(colon < 0 ? pattern : pattern.slice(0, colon));
  const tag = tokens(colon < 0 ? '**' : pattern.slice(colon + 1));
  return (image) => matches(name, image.name) && matches(tag, image.tag);
}

function exclusionText({ namespace, image }: Exclusion): string {
  const parts = [namespace && `namespace ${namespace}`, image && `image ${image}`];
  return parts.filter((part) => part !== undefined).join(' and ');
}

/** Compiles the list once; verdicts are remembered for 10,000 pairs of namespace and image (about 3 MB). */
export function compileExclusions(exclusions: readonly Exclusion[]): ExclusionMatcher {
  const compiled = exclusions.map((exclusion) => ({
    namespace: exclusion.namespace,
    image: exclusion.image === undefined ? undefined : imagePattern(exclusion.image),
    text: exclusionText(exclusion),
  }));
  const verdicts = new LRUCache<string, { readonly text: string | undefined }>({ max: 10_000 });
  return (namespace, image) => {
    const key = `${namespace} ${imageText(image)}`;
    const known = verdicts.get(key);
    if (known !== undefined) return known.text;
    const hit = compiled.find(
      (one) =>
        (one.namespace === undefined || one.namespace === namespace) && (one.image === undefined || one.image(image)),
    );
    verdicts.set(key, { text: hit?.text });
    return hit?.text;
  };
}
