/**
 * What a reader, and whoever matches, is told of names: coarser than evidence, and a pure function of it that is never fed
 * back. Evidence takes a name for random only if it holds digits; here its neighbours count too:
 *
 * 1. A name that a template of the same place stands for belongs to it. One in six names like `tmp.Xa3kQ9fT2b` has no digit,
 *    and `{mixed10}` stands for those as well.
 * 2. Where such a template is of a shape (core/pattern/shape.ts) and there are names with digits of the same shape for which it
 *    does not stand, the generator uses `_` as well: all of them are the shape. `upload-{mixed8}.part` and
 *    `upload-829_j0wy.part` are `upload-{any8}.part`, of which evidence asks for many.
 * 3. Where one process uses {@link anyNames} different names and templates with digits and one extension, its names there
 *    are arbitrary, and are shown as `{any}` with that extension.
 * 4. Files by which Python tries directories are one (tempfile-probes.ts).
 *
 * Places are compared after what stands above them was generalised. Where names are kept (core/pattern/kept.ts), they stay.
 */
import { splitName } from '../pattern/dns.ts';
import { keepsNames } from '../pattern/kept.ts';
import { extensionOf } from '../pattern/extension.ts';
import { shapesFor } from '../pattern/shape.ts';
import { covers, parseTemplate, type Template } from '../pattern/template.ts';
import { type Evidence, type NamedBehaviour, side } from './evidence.ts';
import { addEntry } from './join.ts';
import { dnsNaming, fileNaming } from './naming.ts';
import { type Naming, renameEntry } from './patterns.ts';
import { joinProbes } from './tempfile-probes.ts';

/** More than anybody reads, and more names with digits than people give to the files of one directory. */
export const anyNames = 64;

/** `names` is {@link anyNames}, or less where space is short. */
export function generalise(evidence: Evidence, names = anyNames): Evidence {
  return {
    ...evidence,
    files: generalised(joinProbes(evidence), fileNaming, pathPlace, names),
    dns: generalised(evidence.dns, dnsNaming, namePlace, names),
  };
}

/** A name in the order in which places contain each other, with the elements at its beginning that stay as they are. */
interface Place {
  readonly elements: readonly string[];
  readonly fixed: number;
  readonly print: (elements: readonly string[]) => string;
}

/** Nothing right below the root. */
function pathPlace(path: string): Place | undefined {
  if (!path.startsWith('/') || keepsNames(path)) return undefined;
  return { elements: path.split('/'), fixed: 2, print: (elements) => elements.join('/') };
}

function namePlace(name: string): Place | undefined {
  const { labels, domain } = splitName(name);
  return { elements: [domain, ...labels.toReversed()], fixed: 1, print: (elements) => elements.toReversed().join('.') };
}

function generalised<Entry extends NamedBehaviour>(
  entries: ReadonlyMap<string, Entry>,
  naming: Naming<Entry>,
  placeOf: (text: string) => Place | undefined,
  names: number,
): ReadonlyMap<string, Entry> {
  const result = new Map<string, Entry>();
  for (const own of Map.groupBy(entries.values(), (entry) => side(entry) + entry.processId).values()) {
    const nameAfter = new Map<string, string>();
    const texts = [...new Set(own.map(naming.textOf))];
    const walkers = texts.flatMap((text): Walker[] => {
      const place = placeOf(text);
      return place === undefined ? [] : [{ text, place, after: undefined }];
    });
    walk(walkers, names, ({ text, place, after }) =>
      nameAfter.set(text, place.print(generalisedElements(place, after))),
    );
    for (const entry of own) {
      const text = naming.textOf(entry);
      const after = renameEntry(entry, nameAfter.get(text) ?? text, naming);
      addEntry(result, naming.keyOf(after), after, naming.absorb);
    }
  }
  return result;
}

interface Walker {
  readonly text: string;
  readonly place: Place;
  readonly after: Step | undefined;
}

/** The elements so far, generalised, from the last one back: those that walk together share them. */
interface Step {
  readonly name: string;
  readonly depth: number;
  readonly above: Step | undefined;
}

/** What comes after the last step stays as it is. */
function generalisedElements({ elements }: Place, after: Step | undefined): readonly string[] {
  const result = [...elements];
  for (let step = after; step !== undefined; step = step.above) result[step.depth] = step.name;
  return result;
}

/**
 * From the top down: those that are in one place go on together, and who is alone in a place has arrived, since a name only
 * ever becomes another because of its neighbours. Paths may have thousands of elements, so this neither calls itself nor
 * copies what lies above.
 */
function walk(all: readonly Walker[], names: number, arrived: (walker: Walker) => void): void {
  const places = [{ walkers: all, depth: 0 }];
  for (let place = places.pop(); place !== undefined; place = places.pop()) {
    const { walkers, depth } = place;
    const further: Walker[] = [];
    for (const one of walkers) {
      if (walkers.length === 1 || one.place.elements.length === depth) arrived(one);
      else further.push(one);
    }
    const free = further.filter((one) => depth >= one.place.fixed);
    const target = targets(new Set(free.map((one) => one.place.elements[depth] ?? '')), names);
    const groups = Map.groupBy(further, (one) => {
      const name = one.place.elements[depth] ?? '';
      return depth < one.place.fixed ? name : (target.get(name) ?? name);
    });
    for (const [name, group] of groups) {
      const step = { name, depth, above: group[0]?.after };
      places.push({ walkers: group.map((one) => ({ ...one, after: step })), depth: depth + 1 });
    }
  }
}

/** Shapes of which there is the mixture (`upload-{mixed8}.part`), and beside it names with digits for which that does not stand. */
function wholeShapes(names: ReadonlySet<string>): ReadonlySet<string> {
  const shapes = new Set<string>();
  for (const name of names) {
    if (!/\d/.test(name)) continue;
    for (const shape of shapesFor(name)) {
      const mixture = shape.replace('{any', '{mixed');
      if (names.has(mixture) && !covers(parseTemplate(mixture), name)) shapes.add(shape);
    }
  }
  return shapes;
}

/** What the names of one place become, where that is not what they are. */
function targets(found: ReadonlySet<string>, many: number): ReadonlyMap<string, string> {
  const result = new Map<string, string>();
  const names = new Set([...found, ...wholeShapes(found)]);
  const arbitrary = arbitraryExtensions(found, many);
  const templates = Map.groupBy(
    [...names].filter((name) => /\{(?:mixed|random|any\d|numbered)/.test(name)).sort(),
    extensionOf,
  );
  for (const name of names) {
    const any = arbitrary.get(extensionOf(name));
    const wider =
      any !== undefined && covers(any, name)
        ? `{any}${extensionOf(name)}`
        : // Of one extension there are seldom more before they are arbitrary; and hostile names shall not make this slow.
          templates
            .get(extensionOf(name))
            ?.slice(0, anyNames)
            .find((text) => text !== name && covers(parseTemplate(text), name));
    if (wider !== undefined) result.set(name, wider);
  }
  // What stands for a name may itself belong to something wider; that goes on upwards and ends.
  for (const [name, wider] of result) {
    let last = wider;
    for (let next = result.get(last); next !== undefined && next !== last; next = result.get(last)) last = next;
    result.set(name, last);
  }
  return result;
}

function arbitraryExtensions(names: ReadonlySet<string>, many: number): ReadonlyMap<string, Template> {
  const counts = new Map<string, number>();
  for (const name of names) {
    const extension = extensionOf(name);
    const counted = /\d|\{/.test(name) && covers({ kind: 'any', extension }, name);
    if (counted) counts.set(extension, (counts.get(extension) ?? 0) + 1);
  }
  return new Map(
    [...counts].flatMap(([extension, count]) => (count >= many ? [[extension, { kind: 'any', extension }]] : [])),
  );
}
