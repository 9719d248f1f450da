/**
 * Names as programs mean them, out of the questions that resolvers send. With the search list of a pod, a program that
 * asks for `example.com` makes its resolver ask for `example.com.shop.svc.cluster.local`, `example.com.svc.cluster.local`
 * and `example.com.cluster.local` first. The profile shall show `example.com`, and one name for one thing whatever the
 * namespace, so that the same image compares across namespaces.
 */
import { quoteBraces } from '../pattern/literal.ts';

/** What the resolvers of all pods of a cluster search, beside the pod's namespace. Lower case, without dots at the ends. */
export interface ClusterNames {
  /** Domain of the Services; `cluster.local` if absent. */
  readonly clusterDomain?: string;
  /** Of the node, which the kubelet appends, in the order of `resolv.conf`. */
  readonly searchDomains?: readonly string[];
}

/** Where the pod lives decides its search list, in the order in which resolvers try it. */
export function searchList(
  namespace: string,
  { clusterDomain = 'cluster.local', searchDomains = [] }: ClusterNames = {},
): readonly string[] {
  const cluster = [`.${namespace}.svc.${clusterDomain}`, `.svc.${clusterDomain}`, `.${clusterDomain}`];
  // Each once: as a later step of itself, it would leave out every name.
  return [...new Set([...cluster, ...searchDomains.map((domain) => `.${domain}`)])];
}

/**
 * The canonical name of each question that one process of one container asked within one period; questions that only
 * stem from searching have none. In this order:
 *
 * 1. Case and a trailing dot do not count. Reverse lookups become `*.in-addr.arpa` or `*.ip6.arpa`: the addresses of pods
 *    change hands.
 * 2. Resolvers walk the search list until one name is answered. Of the names of one walk only the last asked stays: it was
 *    answered, or it is what the program said. Only names below the domains of the search list are ever left out, the
 *    cluster's own and those that its administrators named, and only for one that holds the same beginning: no two names
 *    leave each other out, however the domains nest, so nothing can be smuggled through this rule.
 * 3. A service of the pod's own namespace is shown by its plain name (`redis` for `redis.shop.svc.cluster.local`), however
 *    it was written; services elsewhere keep their full name, so that `api.dev` never means two things.
 *
 * A walk that the end of a period cuts in two leaves a name of its first half: it is recognisable by its suffix.
 */
export function canonicalNames(questions: Iterable<string>, search: readonly string[]): Map<string, string> {
  const asked = new Map([...questions].map((question) => [question, normalise(question)]));
  const names = new Set(asked.values());
  for (const name of [...names].sort(longestFirst)) {
    if (isSearchStep(name, names, search)) names.delete(name);
  }
  const result = new Map<string, string>();
  for (const [question, name] of asked) {
    if (names.has(name)) result.set(question, relative(name, search));
  }
  return result;
}

/** The name that a step leads to is shorter for most, and still there when the step is looked at. */
function longestFirst(left: string, right: string): number {
  return right.length - left.length || (left < right ? -1 : 1);
}

function normalise(question: string): string {
  const name = quoteBraces(question.toLowerCase().replace(/(?<=.)\.$/, ''));
  const reverse = ['.in-addr.arpa', '.ip6.arpa'].find((zone) => name.endsWith(zone));
  return reverse === undefined ? name : `*${reverse}`;
}

/** A later name of the same walk was asked as well, so this one was not answered. */
function isSearchStep(name: string, names: ReadonlySet<string>, search: readonly string[]): boolean {
  return search.some((suffix, step) => {
    if (!name.endsWith(suffix) || name.length === suffix.length) return false;
    const base = name.slice(0, -suffix.length);
    return names.has(base) || search.slice(step + 1).some((later) => names.has(base + later));
  });
}

/** Domains that nest (`b`, `a.b`) make ever longer names of one; what is beyond is taken for names of its own. */
const maxForms = 512;

/**
 * Every name under which {@link canonicalNames} may keep a question that belongs to a walk: its own first, then those that it
 * may have been a step towards. With the cluster's own domain they are below the name's length in number, and for nearly all
 * names one to four; at most {@link maxForms}.
 */
export function* questionForms(question: string, search: readonly string[]): Generator<string> {
  const reached = new Set([normalise(question)]);
  let left = maxForms;
  for (const name of reached) {
    if (left === 0) return;
    left -= 1;
    yield relative(name, search);
    for (const [step, suffix] of search.entries()) {
      if (!name.endsWith(suffix) || name.length === suffix.length) continue;
      const base = name.slice(0, -suffix.length);
      reached.add(base);
      for (const later of search.slice(step + 1)) reached.add(base + later);
    }
  }
}

function relative(name: string, search: readonly string[]): string {
  const own = search[0];
  if (own === undefined || !name.endsWith(own)) return name;
  const base = name.slice(0, -own.length);
  return base === '' || base.includes('.') ? name : base;
}
