/**
 * The patterns of a profile as a trie of which only fingerprints are kept: one for each beginning of a pattern, hashed with the
 * one before it. A walk down the trie finds the patterns that stand for a name, whatever their number, because what is no
 * beginning of a pattern is left at once.
 *
 * A step is an element (of a path; of a DNS name, a label). One that is a template is gone in smaller steps, its parts: a part
 * can be itself, digits, or a mixture, and only what some pattern has there is worth going on with.
 */
import { splitName } from '../pattern/dns.ts';
import { partForms, partsOf, wholeForms } from '../pattern/forms.ts';
import { covers, isPattern, parseTemplate } from '../pattern/template.ts';
import type { FingerprintSet } from './fingerprint-set.ts';
import type { Fingerprints } from './fingerprints.ts';
import type { Hash64 } from './keyed-hash.ts';

/** A plain element, a template as a whole (`{any}.log`), a part of one, its last part; and the mark that templates follow. */
const steps = { plain: 0, whole: 1, part: 2, last: 3, templates: 4 } as const;

/** Where patterns begin: those of paths, and those of DNS names. */
export const roots = { file: { high: 0, low: 0 }, dns: { high: 0, low: 1 } } as const satisfies Record<string, Hash64>;

/**
 * Steps that one walk may try. A path of 20 elements with patterns at three of them takes about 60; only a profile with many
 * patterns that overlap takes more, and then nothing is said.
 */
const mostSteps = 256;

/** Elements of a DNS name: first what somebody registered, which is never a pattern, then the labels before it. */
export function nameElements(name: string): string[] {
  const { labels, domain } = splitName(name);
  return [domain, ...labels];
}

/** Undoes {@link nameElements}. */
export function nameOf([domain = '', ...labels]: readonly string[]): string {
  return [...labels, domain].join('.');
}

/** Every beginning of a pattern, which has these elements. */
export function beginningsOf(elements: readonly string[], root: Hash64, fingerprints: Fingerprints): Hash64[] {
  const found: Hash64[] = [];
  const go = (from: Hash64, kind: number, text: string): Hash64 => {
    const { high, low } = fingerprints.beginning(from, kind, text);
    const reached = { high, low };
    found.push(reached);
    return reached;
  };
  // Says that there are any.
  go(root, steps.templates, '');
  let at = root;
  for (const element of elements) {
    if (!isPattern(element)) {
      at = go(at, steps.plain, element);
      continue;
    }
    go(at, steps.templates, '');
    const parts = parseTemplate(element).kind === 'parts' ? partsOf(element) : [];
    if (parts.length === 0) at = go(at, steps.whole, element);
    for (const [index, part] of parts.entries()) {
      at = go(at, index + 1 === parts.length ? steps.last : steps.part, part);
    }
  }
  return found;
}

export class PatternTrie {
  readonly #set: FingerprintSet;
  readonly #fingerprints: Fingerprints;
  #steps = 0;

  constructor(set: FingerprintSet, fingerprints: Fingerprints) {
    this.#set = set;
    this.#fingerprints = fingerprints;
  }

  /** There are patterns below this root. */
  has(root: Hash64): boolean {
    return this.#go(root, steps.templates, '') !== undefined;
  }

  /**
   * Asks for each pattern that stands for a name whether it is the wanted one, until it is.
   *
   * @returns whether it was; undefined if the walk had to be given up.
   */
  find(
    elements: readonly string[],
    root: Hash64,
    isWanted: (pattern: readonly string[]) => boolean,
  ): boolean | undefined {
    this.#steps = 0;
    const found = this.#walk(elements, root, [], isWanted);
    return !found && this.#steps > mostSteps ? undefined : found;
  }

  #walk(
    elements: readonly string[],
    from: Hash64,
    taken: readonly string[],
    isWanted: (pattern: readonly string[]) => boolean,
  ): boolean {
    const element = elements[taken.length];
    if (element === undefined) return isWanted(taken);
    const further = (at: Hash64, template: string): boolean => this.#walk(elements, at, [...taken, template], isWanted);
    const plain = this.#go(from, steps.plain, element);
    if (plain !== undefined && further(plain, element)) return true;
    if (this.#go(from, steps.templates, '') === undefined) return false;
    for (const whole of wholeForms(element)) {
      const at = this.#go(from, steps.whole, whole);
      if (at !== undefined && covers(parseTemplate(whole), element) && further(at, whole)) return true;
    }
    return this.#walkParts(partsOf(element), from, 0, '', further);
  }

  /** `template` is what the parts before `index` have become. */
  #walkParts(
    parts: readonly string[],
    from: Hash64,
    index: number,
    template: string,
    further: (at: Hash64, template: string) => boolean,
  ): boolean {
    if (index === parts.length) return further(from, template);
    const kind = index + 1 === parts.length ? steps.last : steps.part;
    return partForms(parts, index).some((form) => {
      const at = this.#go(from, kind, form);
      return at !== undefined && this.#walkParts(parts, at, index + 1, template + form, further);
    });
  }

  #go(from: Hash64, kind: number, text: string): Hash64 | undefined {
    this.#steps += 1;
    if (this.#steps > mostSteps) return undefined;
    const hash = this.#fingerprints.beginning(from, kind, text);
    return this.#set.has(hash) ? { high: hash.high, low: hash.low } : undefined;
  }
}
