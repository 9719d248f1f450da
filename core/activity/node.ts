/** Nodes of an activity tree. A node is one program at one place of the lineage, however many processes run it. */
import { type Account, cost } from './account.ts';
import { Endpoints } from './endpoints.ts';
import { FileActivity } from './file-activity.ts';
import { identityKey, type ProcessIdentity } from './identity.ts';
import { DnsActivity } from './dns-activity.ts';
import { Sighting, type Circumstances } from './sighting.ts';
import type { Actor, Phase, Snapshot } from './snapshot.ts';

/**
 * Real lineages are rarely deeper than ten. A program that execs ever new ones must not make an endless chain: what lies
 * deeper stays in the deepest node.
 */
export const maxDepth = 32;

export class Node {
  readonly parent: Node | undefined;
  readonly identity: ProcessIdentity;
  readonly key: string;
  readonly depth: number;
  readonly children = new Map<string, Node>();
  readonly files: FileActivity;
  readonly #account: Account;
  // Most processes use no network: these two come with the first use and save 1 KB per node.
  #dns: DnsActivity | undefined;
  #endpoints: Endpoints | undefined;
  sighting: Sighting;
  maxInstances = 0;
  #alive = 0;
  #claimed = true;

  constructor(parent: Node | undefined, identity: ProcessIdentity, account: Account, circumstances: Circumstances) {
    this.parent = parent;
    this.identity = identity;
    this.key = identityKey(identity);
    this.depth = parent === undefined ? 1 : parent.depth + 1;
    this.#account = account;
    this.files = new FileActivity(account);
    this.sighting = new Sighting(circumstances);
  }

  get dns(): DnsActivity {
    this.#dns ??= new DnsActivity(this.#account);
    return this.#dns;
  }

  get endpoints(): Endpoints {
    this.#endpoints ??= new Endpoints(this.#account);
    return this.#endpoints;
  }

  get alive(): number {
    return this.#alive;
  }

  enter(): void {
    this.#alive += 1;
    if (this.#alive > this.maxInstances) this.maxInstances = this.#alive;
  }

  leave(): void {
    this.#alive -= 1;
  }

  /** A process that lives is behaviour until now, even if it rests, and so is a socket that listens. */
  persist(phase: Phase, at: number): void {
    if (this.#alive === 0) return;
    this.sighting.persists(phase, at);
    this.#endpoints?.persist(phase, at);
  }

  /** A new period: at first nobody has shown this node in it. A node in which nothing lives keeps its former sighting. */
  restart(phase: Phase, at: number): void {
    this.files.clear();
    this.#dns?.clear();
    this.#endpoints?.restart(phase, at, this.#alive > 0);
    this.maxInstances = this.#alive;
    this.#claimed = this.#alive === 0;
  }

  /** A process that lives at the beginning of a period is a sighting in it. */
  claim(circumstances: Circumstances): void {
    if (this.#claimed) this.sighting.again(circumstances);
    else this.sighting = new Sighting(circumstances);
    this.#claimed = true;
  }

  /** `process` is the index of this node in the snapshot. */
  render(process: number): Pick<Snapshot, 'files' | 'dns' | 'network'> {
    return {
      files: [...this.files.render(process)],
      dns: [...(this.#dns?.render(process) ?? [])],
      network: [...(this.#endpoints?.render(process) ?? [])],
    };
  }

  disown(actor: Actor): void {
    this.sighting.disown(actor);
    this.files.disown(actor);
    this.#dns?.disown(actor);
    this.#endpoints?.disown(actor);
  }
}

/** Bytes that {@link Account} is charged for a node. */
export function nodeBytes(identity: ProcessIdentity): number {
  // The key repeats the strings of the identity.
  return cost.process + 2 * identityKey(identity).length;
}

/** Every node after its parent. */
export function* walk(nodes: Iterable<Node>): Generator<Node> {
  for (const node of nodes) {
    yield node;
    yield* walk(node.children.values());
  }
}
