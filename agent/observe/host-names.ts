/**
 * By which names the programs of a container found the addresses that they talk to. No single event tells: the answers of
 * name servers are remembered, for each cgroup by itself, and events for rules get the names as they pass. What is known
 * depends on the container alone: who runs its own name server there chooses the names, but only his own.
 */
import { LRUCache } from 'lru-cache';
import { type KernelEvent, Purpose } from '../../core/event/event.ts';
import type { DnsEvent, SocketEvent } from '../../core/event/network-events.ts';
import type { Counters } from '../counters.ts';

/**
 * A name of 30 characters takes 270 bytes with its address: 120 addresses of a cgroup. With 256 cgroups, 110 pods of two
 * containers and the services of a node, all together have at most 8 MiB.
 */
const bytesPerCgroup = 32 * 1024;
const maxCgroups = 256;
/** Hosts behind one address, as content networks have them; the newest are kept. */
const namesPerAddress = 8;
const addressCost = 128;
const nameCost = 80;
/** Programs connect for a while after the answer has expired: they keep what they were given, at least until they are done. */
const leastSeconds = 60;
/** Whoever says that an answer holds for 68 years says nothing of the address then. */
const mostSeconds = 86_400;
/** Aliases of aliases; resolvers follow fewer. */
const maxAliases = 16;

/** Names and until when they hold, milliseconds since the epoch. The newest last. */
type Names = ReadonlyMap<string, number>;

interface Found {
  readonly address: string;
  readonly name: string;
  readonly ttl: number;
}

/** Case carries no meaning, and some resolvers mix it at random. */
const plain = (name: string): string => name.toLowerCase();

/** Addresses of an answer, with the name that was asked for and led to them, through aliases if need be. */
function addressesIn({ questions, answers }: DnsEvent): Found[] {
  const asked = new Set(questions.map(({ name }) => plain(name)));
  const aliasOf = new Map(
    answers.flatMap(({ type, name, data }) => (type === 'CNAME' ? [[plain(data), plain(name)] as const] : [])),
  );
  return answers.flatMap(({ type, name: owner, data: address, ttl }) => {
    if (type !== 'A' && type !== 'AAAA') return [];
    let name: string | undefined = plain(owner);
    for (let steps = 0; name !== undefined && !asked.has(name); steps += 1) {
      name = steps < maxAliases ? aliasOf.get(name) : undefined;
    }
    return name === undefined ? [] : [{ address, name, ttl }];
  });
}

export class HostNames {
  readonly #counters: Counters;
  readonly #byCgroup: LRUCache<bigint, LRUCache<string, Names>>;

  constructor(counters: Counters) {
    this.#counters = counters;
    this.#byCgroup = new LRUCache({
      max: maxCgroups,
      dispose: (addresses, _, reason) => {
        if (reason === 'evict') for (const names of addresses.values()) this.#forgot(names.size);
      },
    });
  }

  /** Takes in what an event tells of names; returns the event, with the names that it is about. */
  pass(event: KernelEvent): KernelEvent {
    if (event.type === 'cgroup_rmdir') this.#byCgroup.delete(event.cgroupId);
    else if (event.type === 'dns' && event.direction === 'response') this.#learn(event);
    else if ((event.type === 'connect' || event.type === 'send') && (event.purpose & Purpose.rules) !== 0) {
      return this.#named(event);
    }
    return event;
  }

  #forgot(names: number): void {
    this.#counters.add('host_names_evicted_total', names);
  }

  #named(event: SocketEvent): SocketEvent {
    const names = event.remote && this.#byCgroup.get(event.cgroupId)?.get(event.remote.ip);
    const valid = [...(names ?? [])].filter(([, until]) => event.timestamp <= until).map(([name]) => name);
    return valid.length === 0 ? event : { ...event, hostnames: valid.toReversed() };
  }

  #learn(event: DnsEvent): void {
    const found = addressesIn(event);
    if (found.length === 0) return;
    const addresses = this.#byCgroup.get(event.cgroupId) ?? this.#addressesOfNewCgroup();
    this.#byCgroup.set(event.cgroupId, addresses);
    for (const { address, name, ttl } of found) {
      const until = event.timestamp + Math.min(Math.max(ttl, leastSeconds), mostSeconds) * 1_000;
      const before = [...(addresses.get(address) ?? [])];
      const others = before.filter(([other, end]) => other !== name && event.timestamp <= end);
      const kept = others.slice(1 - namesPerAddress);
      if (kept.length < others.length) this.#forgot(others.length - kept.length);
      addresses.set(address, new Map([...kept, [name, until]]));
    }
  }

  #addressesOfNewCgroup(): LRUCache<string, Names> {
    return new LRUCache<string, Names>({
      maxSize: bytesPerCgroup,
      sizeCalculation: (names) =>
        [...names.keys()].reduce((sum, name) => sum + nameCost + 2 * name.length, addressCost),
      dispose: (names, _, reason) => {
        if (reason === 'evict') this.#forgot(names.size);
      },
    });
  }
}
