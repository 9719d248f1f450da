/** Names that the processes of one node asked for. */
import type { DnsEvent } from '../event/network-events.ts';
import { type Account, cost } from './account.ts';
import { printable } from './printable.ts';
import { Sighting, type Circumstances } from './sighting.ts';
import type { Actor, DnsNode } from './snapshot.ts';

/** Wire names have at most 255 bytes; escaped they may grow fourfold. */
const maxNameLength = 1_024;
const maxTypeLength = 16;
/** Some 90 types are registered and a program asks for a handful: more is a scan or a tunnel. */
const maxTypes = 64;

interface DnsSighting {
  readonly sighting: Sighting;
  readonly types: Set<string>;
}

/** Case carries no meaning and some resolvers mix it at random; the root is `.`. */
export function questionName(name: string): string {
  return printable(name.toLowerCase().replace(/\.$/, ''), maxNameLength) || '.';
}

export class DnsActivity {
  readonly #account: Account;
  readonly #byName = new Map<string, DnsSighting>();

  constructor(account: Account) {
    this.#account = account;
  }

  /** Only questions count: what a response repeats is in the hands of whoever sent it. */
  record(event: DnsEvent, circumstances: Circumstances): void {
    if (event.direction !== 'query') return;
    // Of a stream there may be more questions in what was cut off; a datagram has one, at its beginning.
    const cut = event.truncated && event.protocol === 'tcp';
    if (event.questions.length === 0 || cut) this.#account.truncate();
    for (const { name, type } of event.questions) this.#question(questionName(name), type, circumstances);
  }

  #question(name: string, type: string, circumstances: Circumstances): void {
    let known = this.#byName.get(name);
    if (known !== undefined) known.sighting.again(circumstances);
    else {
      if (!this.#account.take('dns', dnsBytes(name))) return;
      known = { sighting: new Sighting(circumstances), types: new Set() };
      this.#byName.set(name, known);
    }
    const shown = printable(type, maxTypeLength);
    if (known.types.size < maxTypes || known.types.has(shown)) known.types.add(shown);
    else this.#account.refuse();
  }

  clear(): void {
    for (const name of this.#byName.keys()) this.#account.give('dns', dnsBytes(name));
    this.#byName.clear();
  }

  disown(actor: Actor): void {
    for (const { sighting } of this.#byName.values()) sighting.disown(actor);
  }

  *render(process: number): Generator<DnsNode> {
    for (const [name, { sighting, types }] of this.#byName) {
      yield { ...sighting.toJSON(), process, name, types: [...types].sort() };
    }
  }
}

function dnsBytes(name: string): number {
  return cost.dns + name.length;
}
