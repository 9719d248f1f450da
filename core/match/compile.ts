/** The known behaviour of a profile in the form in which agents match against it. */
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { fileAccesses } from '../activity/snapshot.ts';
import { isPathPattern } from '../pattern/path.ts';
import { isPattern } from '../pattern/template.ts';
import { type BehaviourKind, byText, type Evidence } from '../profile/evidence.ts';
import { compiledLimits, encodeCompiled } from './compiled-format.ts';
import { Fingerprints } from './fingerprints.ts';
import type { Hash64, HashKey } from './keyed-hash.ts';
import {
  type KnownBehaviour,
  knownByEvidence,
  type KnownEndpoint,
  type KnownFile,
  type KnownName,
} from './known-behaviour.ts';
import { beginningsOf, nameElements, roots } from './pattern-trie.ts';

/**
 * Of this compiler. It grows with every change by which equal behaviours give other bytes than before, so that what an earlier
 * one made is made anew.
 */
export const compilerRevision = 2;

/** A secret shorter than this could be guessed. */
const secretBytes = 16;

export interface CompileOptions {
  /**
   * Of the operator alone, at least 16 bytes. The key of the hash comes from it, and is another one for every profile and
   * every content, so that nobody can prepare a file name that passes for a known one.
   */
  readonly secret: Uint8Array;
  /** How many fingerprints there may be; a parameter for tests. */
  readonly fingerprints?: number;
}

/**
 * Compiles what is known by this evidence, which what only probes and people at terminals showed is not. What is in quarantine
 * has to be taken out before. Equal behaviours and an equal secret give equal bytes, whoever showed them and when.
 *
 * What finds no room is left out and counted, files first; of those kinds nothing is `unseen` any more.
 */
export function compileProfile(evidence: Evidence, options: CompileOptions): Uint8Array {
  return compileKnown(knownByEvidence(evidence), options);
}

/** As {@link compileProfile}; of an object whose evidence is elsewhere, what was left out of it is `undecidable`. */
export function compileKnown(known: KnownBehaviour, options: CompileOptions): Uint8Array<ArrayBuffer> {
  const key = keyFor(known, options.secret);
  const all = fingerprintsOf(known, new Fingerprints(key));
  const kept: Hash64[] = [];
  const omitted = { processes: 0, files: 0, dns: 0, network: 0 };
  for (const kind of ['processes', 'network', 'dns', 'files'] as const) {
    const room = (options.fingerprints ?? compiledLimits.fingerprints) - kept.length;
    kept.push(...all[kind].slice(0, room));
    omitted[kind] = known.omitted[kind] + Math.max(0, all[kind].length - room);
  }
  return encodeCompiled({ key, kinds: known.kinds, omitted }, kept);
}

function keyFor(known: KnownBehaviour, secret: Uint8Array): HashKey {
  if (secret.length < secretBytes) throw new RangeError(`the secret must have at least ${secretBytes} bytes`);
  const digest = sha256
    .create()
    .update(utf8ToBytes(`compiled profile ${secret.length} `))
    .update(secret);
  const add = (kind: BehaviourKind, ...parts: readonly (string | number)[]): void =>
    void digest.update(utf8ToBytes(`${kind} ${parts.join('\n')}\0`));
  for (const id of known.processes.keys()) add('processes', id);
  for (const { processId, path, access } of known.files) add('files', processId, path, access);
  for (const { processId, name } of known.names) add('dns', processId, name);
  for (const { processId, direction, protocol, peer, port } of known.endpoints) {
    add('network', processId, direction, protocol, port, peer);
  }
  const view = new DataView(digest.digest().buffer);
  return { k0: view.getUint32(0, true), k1: view.getUint32(4, true) };
}

function fingerprintsOf(known: KnownBehaviour, fingerprints: Fingerprints): Record<BehaviourKind, Hash64[]> {
  const places = placesOf(known, fingerprints);
  const below = <Entry extends { readonly processId: string }>(
    entries: readonly Entry[],
    hash: (place: Hash64, entry: Entry) => Hash64,
  ): Hash64[] =>
    entries.flatMap((entry) => {
      const place = places.get(entry.processId);
      return place === undefined ? [] : [copy(hash(place, entry))];
    });
  // Beginnings before what ends with them: where they find no room, neither does the rest.
  return {
    processes: [...places.values()],
    files: [
      ...distinct(pathPatterns(known.files).flatMap((path) => beginningsOf(path.split('/'), roots.file, fingerprints))),
      ...below(known.files, (place, { path, access }) => fingerprints.file(place, path, fileAccesses.indexOf(access))),
    ],
    dns: [
      ...distinct(
        namePatterns(known.names).flatMap((name) => beginningsOf(nameElements(name), roots.dns, fingerprints)),
      ),
      ...below(known.names, (place, { name }) => fingerprints.question(place, name)),
    ],
    network: [
      ...below(known.endpoints, (place, { direction, protocol, port, peer }: KnownEndpoint) =>
        fingerprints.endpoint(place, direction, protocol, port, peer),
      ),
      ...distinct(
        below(known.endpoints, (place, { direction, protocol, port }: KnownEndpoint) =>
          fingerprints.anyPeer(place, direction, protocol, port),
        ),
      ),
    ],
  };
}

/** Level by level: a place is hashed with that of its parent. */
function placesOf({ children }: KnownBehaviour, fingerprints: Fingerprints): Map<string, Hash64> {
  const places = new Map<string, Hash64>();
  for (
    let level = children.get('') ?? [];
    level.length > 0;
    level = level.flatMap(({ id }) => children.get(id) ?? [])
  ) {
    for (const { id, parentId, identity } of level) {
      places.set(id, copy(fingerprints.process(places.get(parentId ?? ''), identity)));
    }
  }
  return places;
}

function pathPatterns(files: readonly KnownFile[]): string[] {
  return [...new Set(files.map(({ path }) => path))].filter(isPathPattern).sort(byText);
}

function namePatterns(names: readonly KnownName[]): string[] {
  const isNamePattern = (name: string): boolean => name.includes('{') && nameElements(name).some(isPattern);
  return [...new Set(names.map(({ name }) => name))].filter(isNamePattern).sort(byText);
}

function copy({ high, low }: Hash64): Hash64 {
  return { high, low };
}

function distinct(hashes: readonly Hash64[]): Hash64[] {
  return [...new Map(hashes.map((hash) => [`${hash.high} ${hash.low}`, hash])).values()];
}
