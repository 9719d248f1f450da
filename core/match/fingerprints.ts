/**
 * The fingerprint of each known behaviour: what is hashed is the same when a profile is compiled and when an event is
 * matched. Everything below a process is hashed with the place of that process in its lineage, so a file that another
 * process uses has another fingerprint.
 */
import { identityKey, type ProcessIdentity } from '../activity/identity.ts';
import { networkDirections, type NetworkNode } from '../activity/snapshot.ts';
import { protocols } from '../profile/evidence-format.ts';
import { type Hash64, type HashKey, KeyedHash } from './keyed-hash.ts';

const tags = { process: 1, file: 2, question: 3, endpoint: 4, anyPeer: 5, beginning: 6 } as const;

/** Where lineages begin. */
const outside: Hash64 = { high: 0, low: 0 };

type Protocol = NetworkNode['protocol'];
type Direction = NetworkNode['direction'];

/** Every result is overwritten by the next call. */
export class Fingerprints {
  readonly #hash: KeyedHash;

  constructor(key: HashKey) {
    this.#hash = new KeyedHash(key);
  }

  process(parent: Hash64 | undefined, identity: ProcessIdentity): Hash64 {
    return this.#hash.update(tags.process, parent ?? outside, 0, identityKey(identity));
  }

  /** `access` is a place in the list of accesses. */
  file(process: Hash64, path: string, access: number): Hash64 {
    return this.#hash.update(tags.file, process, access, path);
  }

  /** Where a step from the beginning of a pattern leads (pattern-trie.ts). */
  beginning(from: Hash64, kind: number, text: string): Hash64 {
    return this.#hash.update(tags.beginning, from, kind, text);
  }

  question(process: Hash64, name: string): Hash64 {
    return this.#hash.update(tags.question, process, 0, name);
  }

  endpoint(process: Hash64, direction: Direction, protocol: Protocol, port: number, peer: string): Hash64 {
    return this.#hash.update(tags.endpoint, process, way(direction, protocol) + port, peer);
  }

  /**
   * That there is such an endpoint at all, for who does not know to whom an address belongs. The port of a connect counts for
   * nothing then: a service may have another one than the pod behind it that was dialled.
   */
  anyPeer(process: Hash64, direction: Direction, protocol: Protocol, port: number): Hash64 {
    return this.#hash.update(
      tags.anyPeer,
      process,
      way(direction, protocol) + (direction === 'connect' ? 0 : port),
      '',
    );
  }
}

/** Above the 16 bits of a port. */
function way(direction: Direction, protocol: Protocol): number {
  return (networkDirections.indexOf(direction) * protocols.length + protocols.indexOf(protocol)) * 2 ** 16;
}
