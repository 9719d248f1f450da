import { LRUCache } from 'lru-cache';
import { globTokens, matchesGlob } from '../../core/glob.ts';
import { imageText, type Image } from '../../core/image.ts';
import type { Exclusion } from '../settings.ts';

/** The exclusion that matches a container, as text for people; undefined if none does. */
export type ExclusionMatcher = (namespace: string, image: Image) => string | undefined;

function imagePattern(pattern: string): (image: Image) => boolean {
  // A colon before the last slash belongs to the registry's port, one behind it to the tag.
  const colon = pattern.indexOf(':', pattern.lastIndexOf('/') + 1);
  const name = globTokens(colon < 0 ? pattern : pattern.slice(0, colon));
  const tag = globTokens(colon < 0 ? '**' : pattern.slice(colon + 1));
  return (image) => matchesGlob(name, image.name) && matchesGlob(tag, image.tag);
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
