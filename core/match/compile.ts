/** The known behaviour of a profile in the form in which agents match against it. */
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { fileAccesses } from '../activity/snapshot.ts';
import { isPathPattern } from '../pattern/path.ts';
import { isPattern } from '../pattern/template.ts';
import { sketchCount } from '../profile/sketch.ts';
import { type BehaviourKind, behaviourKinds, byText, type Evidence } from '../profile/evidence.ts';
import { generalise } from '../profile/generalise.ts';
import { knownEvidence } from '../profile/known.ts';
import { byLineage } from '../profile/merge.ts';
import { compiledLimits, encodeCompiled } from './compiled-format.ts';
import { Fingerprints } from './fingerprints.ts';
import type { Hash64, HashKey } from './keyed-hash.ts';
import { beginningsOf, nameElements, roots } from './pattern-trie.ts';

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
  const known = generalise(knownEvidence(evidence));
  const key = keyFor(known, options.secret);
  const all = fingerprintsOf(known, new Fingerprints(key));
  const kept: Hash64[] = [];
  const omitted = { processes: 0, files: 0, dns: 0, network: 0 };
  for (const kind of ['processes', 'network', 'dns', 'files'] as const) {
    const room = (options.fingerprints ?? compiledLimits.fingerprints) - kept.length;
    kept.push(...all[kind].slice(0, room));
    omitted[kind] = sketchCount(evidence.omitted[kind]) + Math.max(0, all[kind].length - room);
  }
  const kinds = evidence.containers.reduce((flags, facts) => flags | facts.kinds, 0);
  return encodeCompiled({ key, kinds, omitted }, kept);
}

function keyFor(known: Evidence, secret: Uint8Array): HashKey {
  if (secret.length < secretBytes) throw new RangeError(`the secret must have at least ${secretBytes} bytes`);
  const digest = sha256
    .create()
    .update(utf8ToBytes(`compiled profile ${secret.length} `))
    .update(secret);
  for (const kind of behaviourKinds) {
    for (const key of [...known[kind].keys()].sort(byText)) digest.update(utf8ToBytes(`${kind} ${key}\0`));
  }
  const view = new DataView(digest.digest().buffer);
  return { k0: view.getUint32(0, true), k1: view.getUint32(4, true) };
}

function fingerprintsOf(known: Evidence, fingerprints: Fingerprints): Record<BehaviourKind, Hash64[]> {
  const places = new Map<string, Hash64>();
  for (const process of [...known.processes.values()].sort(byLineage)) {
    const parent = process.parentId === undefined ? undefined : places.get(process.parentId);
    places.set(process.id, copy(fingerprints.process(parent, process)));
  }
  const below = <Entry extends { readonly processId: string }>(
    entries: ReadonlyMap<string, Entry>,
    hash: (place: Hash64, entry: Entry) => Hash64,
  ): Hash64[] =>
    [...entries]
      .sort(([left], [right]) => byText(left, right))
      .flatMap(([, entry]) => {
        const place = places.get(entry.processId);
        return place === undefined ? [] : [copy(hash(place, entry))];
      });
  // Beginnings before what ends with them: where they find no room, neither does the rest.
  return {
    processes: [...places.values()],
    files: [
      ...distinct(pathPatterns(known).flatMap((path) => beginningsOf(path.split('/'), roots.file, fingerprints))),
      ...below(known.files, (place, { path, access }) => fingerprints.file(place, path, fileAccesses.indexOf(access))),
    ],
    dns: [
      ...distinct(namePatterns(known).flatMap((name) => beginningsOf(nameElements(name), roots.dns, fingerprints))),
      ...below(known.dns, (place, { name }) => fingerprints.question(place, name)),
    ],
    network: [
      ...below(known.network, (place, { direction, protocol, port, peer }) =>
        fingerprints.endpoint(place, direction, protocol, port, peer),
      ),
      ...distinct(
        below(known.network, (place, { direction, protocol, port }) =>
          fingerprints.anyPeer(place, direction, protocol, port),
        ),
      ),
    ],
  };
}

function pathPatterns({ files }: Evidence): string[] {
  return [...new Set(Array.from(files.values(), ({ path }) => path))].filter(isPathPattern).sort(byText);
}

function namePatterns({ dns }: Evidence): string[] {
  const isNamePattern = (name: string): boolean => name.includes('{') && nameElements(name).some(isPattern);
  return [...new Set(Array.from(dns.values(), ({ name }) => name))].filter(isNamePattern).sort(byText);
}

function copy({ high, low }: Hash64): Hash64 {
  return { high, low };
}

function distinct(hashes: readonly Hash64[]): Hash64[] {
  return [...new Map(hashes.map((hash) => [`${hash.high} ${hash.low}`, hash])).values()];
}
