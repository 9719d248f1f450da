/**
 * Many patterns, of which the first that stands for a name is found without asking each: a trie whose steps are elements, and
 * of an element that is a template its parts. A name tries at each step only what may stand for it there (forms.ts).
 *
 * core/match/pattern-trie.ts is the same without the patterns, of which agents only know fingerprints.
 */
import { partForms, partsOf, wholeForms } from './forms.ts';
import { covers, isPattern, parseTemplate } from './template.ts';

/** Maps exist only where something is in them. */
interface Node<Value> {
  /** Plain elements, and templates without parts. */
  elements?: Map<string, Node<Value>>;
  /** Parts, with the separator behind them; the last one ends the element. */
  parts?: Map<string, Node<Value>>;
  /** What was added here, and after how many others. */
  end?: { readonly value: Value; readonly rank: number };
}

export interface PatternTrieLimits {
  /** Parts and elements of all patterns. 4,000 patterns of ten elements need 40,000 at most; each takes some 250 bytes. */
  readonly nodes: number;
  /** That one search may try. A path with patterns at three of 20 elements takes about 60. */
  readonly steps: number;
}

const limits: PatternTrieLimits = { nodes: 2 ** 19, steps: 512 };

export interface Found<Value> {
  readonly value?: Value;
  /** Another may stand for the name as well: some patterns found no room, or the search was given up. */
  readonly partial: boolean;
}

export class PatternTrie<Value> {
  readonly #limits: PatternTrieLimits;
  readonly #root: Node<Value> = {};
  #nodes = 0;
  #patterns = 0;
  #isFull = false;

  constructor(most: PatternTrieLimits = limits) {
    this.#limits = most;
  }

  /** Of two with the same elements the first counts. */
  add(elements: readonly string[], value: Value): void {
    let at = this.#root;
    for (const element of elements) {
      const parts = isPattern(element) && parseTemplate(element).kind === 'parts' ? partsOf(element) : undefined;
      if (parts === undefined) at = this.#child((at.elements ??= new Map()), element);
      else for (const part of parts) at = this.#child((at.parts ??= new Map()), part);
      if (this.#nodes > this.#limits.nodes) {
        this.#isFull = true;
        return;
      }
    }
    at.end ??= { value, rank: this.#patterns++ };
  }

  #child(children: Map<string, Node<Value>>, text: string): Node<Value> {
    const known = children.get(text);
    if (known !== undefined) return known;
    const node: Node<Value> = {};
    children.set(text, node);
    this.#nodes += 1;
    return node;
  }

  /** @param elements of a name, or again of a pattern: the first added that stands for all that it stands for. */
  find(elements: readonly string[]): Found<Value> {
    const search = new Search<Value>(elements, this.#limits.steps);
    search.walk(this.#root, 0);
    const partial = this.#isFull || search.steps > this.#limits.steps;
    return search.first === undefined ? { partial } : { value: search.first.value, partial };
  }
}

class Search<Value> {
  first: Node<Value>['end'];
  steps = 0;
  readonly #elements: readonly string[];
  readonly #most: number;
  /** Of each element, once a walk comes to it. */
  readonly #forms: { readonly wholes: ReadonlySet<string>; readonly parts: readonly string[] }[] = [];

  constructor(elements: readonly string[], most: number) {
    this.#elements = elements;
    this.#most = most;
  }

  walk(node: Node<Value>, index: number): void {
    const element = this.#elements[index];
    if (element === undefined) {
      if (node.end !== undefined && node.end.rank < (this.first?.rank ?? Infinity)) this.first = node.end;
      return;
    }
    if (node.elements === undefined && node.parts === undefined) return;
    const forms = (this.#forms[index] ??= formsFor(element));
    for (const whole of forms.wholes) this.#step(node.elements?.get(whole), (next) => this.walk(next, index + 1));
    if (node.parts !== undefined) this.#walkParts(node, index, forms.parts, 0);
  }

  #walkParts(node: Node<Value>, index: number, parts: readonly string[], at: number): void {
    if (at === parts.length) return this.walk(node, index + 1);
    for (const form of new Set(partForms(parts, at))) {
      this.#step(node.parts?.get(form), (next) => this.#walkParts(next, index, parts, at + 1));
    }
  }

  #step(node: Node<Value> | undefined, go: (node: Node<Value>) => void): void {
    if (node === undefined) return;
    this.steps += 1;
    if (this.steps <= this.#most) go(node);
  }
}

function formsFor(element: string): { wholes: ReadonlySet<string>; parts: readonly string[] } {
  const wholes = wholeForms(element).filter((form) => covers(parseTemplate(form), element));
  return { wholes: new Set([element, ...wholes]), parts: partsOf(element) };
}
