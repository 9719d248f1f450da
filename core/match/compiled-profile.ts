/**
 * Matches what a container does against the compiled form of its image's profile. The answer to one event costs a hash and a
 * look into a table for each way in which the profile may call it, whatever the size of the profile.
 *
 * What is asked first is where a process stands: {@link CompiledProfile.place} once for each exec, from the place of the
 * process that called it. Everything else is asked of that place.
 */
import { identityKey, type ProcessIdentity } from '../activity/identity.ts';
import { maxDepth } from '../activity/node.ts';
import { type Kind, kinds as kindWords } from '../activity/snapshot.ts';
import { ephemeralFrom } from '../activity/endpoints.ts';
import type { BehaviourKind } from '../profile/evidence.ts';
import { widerBlocks } from '../profile/blocks.ts';
import { keepsNames } from '../pattern/kept.ts';
import { questionForms } from '../profile/dns-names.ts';
import { type CompiledContent, decodeCompiled } from './compiled-format.ts';
import type { FingerprintSet } from './fingerprint-set.ts';
import { Fingerprints } from './fingerprints.ts';
import type { Hash64 } from './keyed-hash.ts';
import { nameElements, nameOf, PatternTrie, roots } from './pattern-trie.ts';
import type { Observed, ObservedEndpoint, ObservedFile, ObservedQuestion } from './observed.ts';

/**
 * Why nothing can be said:
 * - `kind-not-collected`: no container was watched for this kind of behaviour;
 * - `omitted`: behaviours of this kind found no room in the profile, and this may be one of them;
 * - `truncated`: part of the path, or of the program's arguments, is missing;
 * - `lineage-too-deep`: deeper than lineages are told apart;
 * - `peer-unresolved`: nobody said to whom the address belongs, and the profile has such endpoints;
 * - `too-many-patterns`: so many patterns overlap that looking for the right one was given up;
 * - `program-unknown`: the process runs a program whose exec was not seen.
 */
export type Undecidable =
  | 'kind-not-collected'
  | 'omitted'
  | 'truncated'
  | 'lineage-too-deep'
  | 'peer-unresolved'
  | 'too-many-patterns'
  | 'program-unknown';

export type Match =
  | { readonly verdict: 'known' }
  /** `process`: the lineage is not known, and so nothing below it. `behaviour`: the process is known, not this of it. */
  | { readonly verdict: 'unseen'; readonly because: 'process' | 'behaviour' }
  | { readonly verdict: 'undecidable'; readonly reason: Undecidable };

const known: Match = { verdict: 'known' };
const unseenProcess: Match = { verdict: 'unseen', because: 'process' };
const unseenBehaviour: Match = { verdict: 'unseen', because: 'behaviour' };
const undecidable = (reason: Undecidable): Match => ({ verdict: 'undecidable', reason });
const notCollected = undecidable('kind-not-collected');
const omitted = undecidable('omitted');
const truncated = undecidable('truncated');
const tooDeep = undecidable('lineage-too-deep');
const tooMany = undecidable('too-many-patterns');
const unresolved = undecidable('peer-unresolved');

/** Where in a profile's lineages a process stands. */
export interface Place {
  /** Of the execution that led here. */
  readonly match: Match;
  /** Undefined if the profile does not have this lineage: nothing below it can be looked up. */
  readonly hash: Hash64 | undefined;
  readonly key: string;
  /** 1 for a root. */
  readonly depth: number;
}

/** Of a process that runs a program which nobody saw it execute. */
export const unattributed: Place = { match: undecidable('program-unknown'), hash: undefined, key: '', depth: 1 };

const kindOf = { file: 'files', dns: 'dns', network: 'network' } as const satisfies Record<string, BehaviourKind>;

export class CompiledProfile {
  readonly #content: CompiledContent;
  readonly #set: FingerprintSet;
  readonly #fingerprints: Fingerprints;
  readonly #patterns: PatternTrie;
  readonly #hasPathPatterns: boolean;
  readonly #hasNamePatterns: boolean;

  constructor(content: CompiledContent, set: FingerprintSet) {
    this.#content = content;
    this.#set = set;
    this.#fingerprints = new Fingerprints(content.key);
    this.#patterns = new PatternTrie(set, this.#fingerprints);
    this.#hasPathPatterns = this.#patterns.has(roots.file);
    this.#hasNamePatterns = this.#patterns.has(roots.dns);
  }

  /**
   * The place of a process that executed a program at `from`, which is undefined for one that came into the container from
   * outside. As in the activity tree, a program that executes itself stays where it is, and so does what lies deeper than
   * lineages are told apart. `cut`: its path or arguments are not all there.
   */
  place(from: Place | undefined, identity: ProcessIdentity, cut = false): Place {
    const key = identityKey(identity);
    if (from?.key === key) return from;
    const depth = from === undefined ? 1 : from.depth + 1;
    if (from !== undefined && from.hash === undefined) return { match: from.match, hash: undefined, key, depth };
    if (from !== undefined && depth > maxDepth) return { ...from, match: tooDeep };
    const { high, low } = this.#fingerprints.process(from?.hash, identity);
    const hash = { high, low };
    if (this.#set.has(hash)) return { match: known, hash, key, depth };
    return { match: this.#miss('process', 'processes', cut) ?? unseenProcess, hash: undefined, key, depth };
  }

  /** `search` is the search list of the container's pod (dns-names.ts). */
  match(place: Place, observed: Observed, search: readonly string[] = []): Match {
    const { hash } = place;
    if (hash === undefined) return place.match;
    switch (observed.kind) {
      case 'file':
        return this.#file(hash, observed);
      case 'dns':
        return this.#question(hash, observed, search);
      case 'network':
        return this.#endpoint(hash, observed);
    }
  }

  #missed({ kind }: Observed, cut = false): Match {
    return this.#miss(kind, kindOf[kind], cut) ?? unseenBehaviour;
  }

  /** Why something that is not in the profile may be known nevertheless; undefined if it is not. */
  #miss(kind: Kind, counted: BehaviourKind, cut: boolean): Match | undefined {
    if ((this.#content.kinds & (1 << kindWords.indexOf(kind))) === 0) return notCollected;
    if (this.#content.omitted[counted] > 0) return omitted;
    return cut ? truncated : undefined;
  }

  /** Every access that it was used with has to be known, if not by the path then by a pattern. */
  #file(process: Hash64, observed: ObservedFile): Match {
    const { path } = observed;
    let access = this.#unknownAccess(process, path, observed.access);
    if (access === 0) return known;
    if (!this.#hasPathPatterns) return this.#missed(observed, observed.truncated);
    const found = this.#patterns.find(path.split('/'), roots.file, (pattern) => {
      access = this.#unknownAccess(process, pattern.join('/'), access);
      return access === 0;
    });
    if (found === undefined) return tooMany;
    return found && !keepsNames(path) ? known : this.#missed(observed, observed.truncated);
  }

  /** What remains of the accesses after those that are known. */
  #unknownAccess(process: Hash64, path: string, access: number): number {
    let unknown = access;
    for (let index = 0; access >> index !== 0; index += 1) {
      const used = (access & (1 << index)) !== 0;
      if (used && this.#set.has(this.#fingerprints.file(process, path, index))) unknown &= ~(1 << index);
    }
    return unknown;
  }

  #question(process: Hash64, observed: ObservedQuestion, search: readonly string[]): Match {
    const isKnown = (name: string): boolean => this.#set.has(this.#fingerprints.question(process, name));
    const forms = [...questionForms(observed.name, search)];
    if (forms.some(isKnown)) return known;
    if (!this.#hasNamePatterns) return this.#missed(observed);
    const found = forms.map((form) =>
      this.#patterns.find(nameElements(form), roots.dns, (pattern) => isKnown(nameOf(pattern))),
    );
    if (found.includes(true)) return known;
    return found.includes(undefined) ? tooMany : this.#missed(observed);
  }

  #endpoint(process: Hash64, observed: ObservedEndpoint): Match {
    const { direction, port } = observed;
    const peer = direction === 'bind' || direction === 'listen' ? '' : observed.peer;
    const wider = peer === undefined || direction !== 'connect' ? undefined : widerBlocks(peer);
    const peers = [peer, wider?.network, wider?.internet].filter((one) => one !== undefined);
    // Ports that the kernel chose are 0 in a profile.
    const ports = port >= ephemeralFrom ? [port, 0] : [port];
    if (peers.some((one) => ports.some((at) => this.#hasEndpoint(process, observed, at, one)))) return known;
    return this.#mayBeKnown(process, observed, peer) ? unresolved : this.#missed(observed);
  }

  #hasEndpoint(process: Hash64, { direction, protocol }: ObservedEndpoint, port: number, peer: string): boolean {
    return this.#set.has(this.#fingerprints.endpoint(process, direction, protocol, port, peer));
  }

  /** A server with many callers has told nobody who the later ones were: they stand in its profile as `unknown`. */
  #mayBeKnown(process: Hash64, observed: ObservedEndpoint, peer: string | undefined): boolean {
    const { direction, protocol, port } = observed;
    if (peer === undefined) return this.#set.has(this.#fingerprints.anyPeer(process, direction, protocol, port));
    return direction === 'accept' && this.#hasEndpoint(process, observed, port, 'unknown');
  }
}

export type OpenedProfile =
  { readonly ok: true; readonly profile: CompiledProfile } | { readonly ok: false; readonly reason: string };

/** Any bytes at all are taken: those that are no compiled profile give a reason that says what is wrong, and where. */
export function openProfile(bytes: Uint8Array): OpenedProfile {
  const decoded = decodeCompiled(bytes);
  if (!decoded.ok) return decoded;
  return { ok: true, profile: new CompiledProfile(decoded.content, decoded.fingerprints) };
}
