/** Which profiles somebody looks for. A term with a `*` is a glob over the whole text, any other a part of it. */
import { globTokens, matchesGlob } from '../../../core/glob.ts';
import { parseImage } from '../../../core/image.ts';
import { matchesName } from '../../../core/pattern/dns.ts';
import { matchesPath } from '../../../core/pattern/path.ts';
import { programText } from '../../../core/profile/diff-behaviours.ts';
import type { BehaviourKind } from '../../../core/profile/evidence.ts';
import { mayOmitNamespaces } from '../../../core/profile/named-workloads.ts';
import type { ProfileDocument } from '../input/profile-document.ts';

export interface Search {
  readonly image?: string;
  readonly tag?: string;
  readonly namespace?: string;
  readonly workload?: string;
  /** `key=value` or `key`; all of them. */
  readonly label?: readonly string[];
  readonly process?: string;
  readonly file?: string;
  readonly dns?: string;
}

type Test = (text: string) => boolean;

export function termTest(term: string): Test {
  if (!term.includes('*')) {
    const lower = term.toLowerCase();
    return (text) => text.toLowerCase().includes(lower);
  }
  const tokens = globTokens(term);
  return (text) => matchesGlob(tokens, text);
}

type SearchedKind = BehaviourKind | 'namespaces' | 'workloads';

export type Match =
  /** What of the profile was looked for. */
  | { readonly kind: 'found'; readonly what: readonly string[] }
  /** Nothing in the object, which leaves out some of each kind in which nothing was found. */
  | { readonly kind: 'unsure'; readonly omits: readonly SearchedKind[] }
  | { readonly kind: 'none' };

export type Matcher = (profile: ProfileDocument) => Match;

export function matcherOf(search: Search): Matcher {
  const scopes = scopesOf(search);
  const places = placesOf(search);
  const behaviours = behavioursOf(search);
  return (profile) => {
    if (!scopes.every((scope) => scope(profile))) return { kind: 'none' };
    const searched = behaviours.map(({ kind, find }) => ({ kind, what: [...new Set(find(profile))] }));
    const elsewhere = places.filter(({ holds }) => !holds(profile)).map(({ kind }) => kind);
    const nowhere = searched.filter(({ what }) => what.length === 0).map(({ kind }) => kind);
    const missing = [...elsewhere, ...nowhere];
    if (missing.length === 0) return { kind: 'found', what: searched.flatMap(({ what }) => what) };
    return missing.every((kind) => omitsSome(profile, kind)) ? { kind: 'unsure', omits: missing } : { kind: 'none' };
  };
}

function omitsSome({ spec: { evidence } }: ProfileDocument, kind: SearchedKind): boolean {
  if (evidence === undefined) return false;
  if (kind === 'namespaces') return mayOmitNamespaces(evidence);
  return ((kind === 'workloads' ? evidence.workloadsOmitted : evidence.omitted?.[kind]) ?? 0) > 0;
}

type Scope = (profile: ProfileDocument) => boolean;
type Find = (profile: ProfileDocument) => readonly string[];

function scopesOf({ image, tag, label = [] }: Search): Scope[] {
  return [
    ...(image === undefined ? [] : [imageTest(image)]),
    ...scope(tag, ({ spec }) => [spec.image?.tag ?? '']),
    ...label.map(labelScope),
  ];
}

interface Place {
  readonly kind: 'namespaces' | 'workloads';
  readonly holds: Scope;
}

function placesOf({ namespace, workload }: Search): Place[] {
  const workloads: Find = ({ spec }) => spec.evidence?.workloads ?? [];
  // A namespace is named, not searched for: `dev` is not `devices`.
  const inNamespace: Scope = (profile) => workloads(profile).some((name) => name.startsWith(`${namespace}/`));
  return [
    ...(namespace === undefined ? [] : [{ kind: 'namespaces' as const, holds: inNamespace }]),
    ...scope(workload, workloads).map((holds) => ({ kind: 'workloads' as const, holds })),
  ];
}

/** Keys and values are named, not searched for; a value may be a pattern. */
function labelScope(wanted: string): Scope {
  const equals = wanted.indexOf('=');
  const key = equals < 0 ? wanted : wanted.slice(0, equals);
  const value = equals < 0 ? globTokens('**') : globTokens(wanted.slice(equals + 1));
  return ({ status }) =>
    status.labels.some((label) => label.key === key && label.values.some((one) => matchesGlob(value, one)));
}

function scope(term: string | undefined, texts: Find): Scope[] {
  if (term === undefined) return [];
  const test = termTest(term);
  return [(profile) => texts(profile).some(test)];
}

/** `nginx` is part of a name; `nginx:1.27` is one image. */
function imageTest(term: string): Scope {
  const exact = /[:@][^/]*$/.test(term) && !term.includes('*') ? parseImage(term) : undefined;
  if (exact?.ok === true) {
    const { name, tag } = exact.image;
    return ({ spec }) => spec.image?.name === name && spec.image.tag === tag;
  }
  const test = termTest(term);
  return ({ spec }) => test(spec.image?.name ?? '') || test(`${spec.image?.name ?? ''}:${spec.image?.tag ?? ''}`);
}

interface Behaviours {
  readonly kind: BehaviourKind;
  readonly find: Find;
}

/** Paths and names are also found by the pattern that stands for them. */
function behavioursOf({ process, file, dns }: Search): Behaviours[] {
  return [
    ...behaviours('processes', process, ({ spec }) => spec.behavior.processes.map(programText)),
    ...behaviours('files', file, ({ spec }) => spec.behavior.files.map(({ path }) => path), matchesPath),
    ...behaviours(
      'dns',
      dns,
      ({ spec }) => spec.behavior.dns.map(({ name }) => name),
      (pattern, name) => matchesName(pattern, name.toLowerCase()),
    ),
  ];
}

/** Nothing if nobody asked. */
function behaviours(
  kind: BehaviourKind,
  term: string | undefined,
  texts: Find,
  standsFor: (pattern: string, term: string) => boolean = () => false,
): Behaviours[] {
  if (term === undefined) return [];
  const test = termTest(term);
  return [{ kind, find: (profile) => texts(profile).filter((text) => test(text) || standsFor(text, term)) }];
}
