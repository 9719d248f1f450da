/** Which blocks become wider, against the rule itself asked of everything that was seen; and that nothing else shows. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../activity/snapshot.ts';
import { blockCovers, blockLimits, isOfOneContainer, isWiderBlock } from './blocks.ts';
import { blockGroups, mostEntries, mostWeight } from './close-blocks.ts';
import { decodeEvidence } from './decode-evidence.ts';
import { encodeEvidence } from './encode-evidence.ts';
import { emptyEvidence, type Evidence } from './evidence.ts';
import { addSnapshot, evidenceOfSnapshot } from './from-snapshot.ts';
import { knownEvidence } from './known.ts';
import { memberCount } from './members.ts';
import { type BehaviourLimits, mergeEvidence } from './merge.ts';
import { publish } from './publish.ts';
import { contextOf, epoch, minute, snapshotOf } from './testing.ts';

/** Third and second number of an address: `20.<network>.<block>.0/24`. */
interface Sighting {
  readonly container: number;
  readonly network: number;
  readonly block: number;
  /** Minutes. */
  readonly at?: number;
  readonly phase?: 'start' | 'run';
  readonly port?: number;
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const peerOf = ({ network, block }: Sighting): string => `external 20.${network}.${block}.0/24`;
const networkOf = ({ network }: Sighting): string => `external 20.${network}.0.0/16`;
const internet = 'external 0.0.0.0/0';

function snapshotWith(container: number, all: readonly Omit<Sighting, 'container'>[], period = 0): Snapshot {
  const time = (at = 0): number => epoch + at * minute;
  return snapshotOf(container, {
    from: epoch + period * 30 * minute,
    processes: [
      {
        actors: ['entrypoint'],
        phases: ['run'],
        first: epoch,
        last: epoch,
        parent: -1,
        executable: '/a',
        maxInstances: 1,
      },
    ],
    network: all.map(({ network, block, at, phase = 'run', port = 443 }) => ({
      actors: ['entrypoint'],
      phases: [phase],
      first: time(at),
      last: time(at),
      process: 0,
      direction: 'connect',
      protocol: 'tcp',
      address: `20.${network}.${block}.0/24`,
      port,
    })),
  });
}

const evidenceOf = (...shown: Parameters<typeof snapshotWith>): Evidence =>
  evidenceOfSnapshot(snapshotWith(...shown), contextOf());

const fold = (parts: readonly Evidence[], limits?: BehaviourLimits): Evidence =>
  parts.reduce((all, part) => mergeEvidence(all, part, limits), emptyEvidence);
const bytesOf = (evidence: Evidence): string => new TextDecoder().decode(encodeEvidence(evidence));
const peersOf = ({ network }: Evidence): string[] => [...network.values()].map(({ peer }) => peer).sort();

/** Up to 4 containers of which each now and then sweeps over many networks, or over many blocks of one. */
const sightingsOn = (...ports: readonly number[]): fc.Arbitrary<Sighting[]> =>
  fc
    .array(
      fc
        .record({
          container: fc.integer({ min: 1, max: 4 }),
          first: fc.nat(3),
          at: fc.nat(20),
          phase: fc.constantFrom('start' as const, 'run' as const),
          port: fc.constantFrom(...ports),
          sweep: fc.oneof(
            { weight: 6, arbitrary: fc.tuple(fc.constant(1), fc.integer({ min: 1, max: 5 })) },
            { weight: 2, arbitrary: fc.tuple(fc.constant(1), fc.integer({ min: 6, max: 10 })) },
            { weight: 2, arbitrary: fc.tuple(fc.integer({ min: 12, max: 36 }), fc.constant(1)) },
          ),
        })
        .map(({ first, sweep: [networks, blocks], ...shown }) =>
          numbers(networks).flatMap((network) =>
            numbers(blocks).map((block) => ({
              ...shown,
              network: first + network,
              block: first + block,
            })),
          ),
        ),
      { minLength: 1, maxLength: 6 },
    )
    .map((sweeps) => sweeps.flat());
const someSightings = sightingsOn(443);

/** What one container showed in a stretch. */
const snapshots = (sightings: readonly Sighting[]): Snapshot[] =>
  [...Map.groupBy(sightings, ({ container, at = 0 }) => `${container} ${at}`).values()].map((own) =>
    snapshotWith(own[0]?.container ?? 1, own, own[0]?.at),
  );
const parts = (sightings: readonly Sighting[]): Evidence[] =>
  snapshots(sightings).map((snapshot) => evidenceOfSnapshot(snapshot, contextOf()));

/** The rule, with everything at hand: peers that stand for all containers, and those of one. */
function byTheRule(sightings: readonly Sighting[]): string[] {
  const everyone = new Set(sightings.map(({ container }) => container));
  const distinct = (all: readonly Sighting[], of: (one: Sighting) => string): number => new Set(all.map(of)).size;
  const without = (all: readonly Sighting[], container: number): Sighting[] =>
    all.filter((one) => one.container !== container);
  const broad = [...everyone].filter(
    (container) =>
      distinct(
        sightings.filter((one) => one.container === container),
        networkOf,
      ) >= blockLimits.networks,
  );
  const isShared = (all: readonly Sighting[], of: (one: Sighting) => string, least: number): boolean =>
    [...everyone].every((left) => broad.some((one) => one !== left) || distinct(without(all, left), of) >= least);
  if (isShared(sightings, networkOf, blockLimits.networks)) return [internet];
  const peers = new Set(broad.map(() => internet));
  for (const [network, own] of Map.groupBy(sightings, networkOf)) {
    const others = own.filter(({ container }) => !broad.includes(container));
    if (isShared(own, peerOf, blockLimits.blocks)) peers.add(network);
    else {
      for (const mine of Map.groupBy(others, ({ container }) => container).values()) {
        if (distinct(mine, peerOf) >= blockLimits.blocks) peers.add(network);
        else mine.forEach((one) => peers.add(peerOf(one)));
      }
    }
  }
  return [...peers].sort();
}

describe('blocks become wider', () => {
  it('by the rule alone', () => {
    fc.assert(
      fc.property(someSightings, (sightings) => {
        expect(peersOf(fold(parts(sightings)))).toEqual(byTheRule(sightings));
      }),
      { numRuns: 200 },
    );
  });

  it.each([8_000, 250, 40])('with equal bytes in any order and split, times included, in a table of %i', (network) => {
    const limits: BehaviourLimits = { processes: 9, files: 9, dns: 9, network, siblings: 9, shapes: 9 };
    fc.assert(
      fc.property(sightingsOn(25, 80, 443), fc.nat(8), fc.array(fc.nat()), (sightings, cut, ranks) => {
        const all = parts(sightings);
        const whole = fold(all, limits);
        const bytes = bytesOf(whole);
        const shuffled = all
          .map((part, index) => ({ part, rank: ranks[index] ?? 0 }))
          .sort((left, right) => left.rank - right.rank)
          .map(({ part }) => part);
        expect(bytesOf(fold(shuffled, limits))).toBe(bytes);
        const added = snapshots(sightings).reduce(
          (known, one) => addSnapshot(known, one, contextOf(), limits),
          emptyEvidence,
        );
        expect(bytesOf(added)).toBe(bytes);
        expect(
          bytesOf(mergeEvidence(fold(shuffled.slice(0, cut), limits), fold(shuffled.slice(cut), limits), limits)),
        ).toBe(bytes);
        expect(bytesOf(mergeEvidence(whole, fold(shuffled.slice(cut), limits), limits))).toBe(bytes);
        expect(bytesOf(mergeEvidence(whole, whole, limits))).toBe(bytes);
        expect(bytesOf(decodeEvidence(encodeEvidence(whole)))).toBe(bytes);
        const published = JSON.stringify(publish(whole, { lostPeriods: 0 }));
        expect(JSON.stringify(publish(fold(shuffled, limits), { lostPeriods: 0 }))).toBe(published);
      }),
      { numRuns: 80 },
    );
  });

  it('one sighting at a time as all at once', () => {
    fc.assert(
      fc.property(someSightings, (sightings) => {
        const once = sightings.map((one) => ({ ...one, at: 0 }));
        const single = once.map(({ container, ...shown }) => evidenceOf(container, [shown]));
        expect(bytesOf(fold(single))).toBe(bytesOf(fold(parts(once))));
      }),
      { numRuns: 30 },
    );
  });

  it('with the same count, also where a block comes that was shared before one container talked to the Internet', () => {
    const service = (container: number, from: number): Evidence =>
      evidenceOf(
        container,
        numbers(99).map((block) => ({ network: 1, block: from + block })),
      );
    const wild = evidenceOf(
      1,
      numbers(40).map((network) => ({ network, block: 200 })),
    );
    const beside = fold([service(2, 0), service(3, 0), wild]);
    expect(peersOf(beside)).toEqual([internet, 'external 20.1.0.0/16']);
    const before = fold([service(2, 100), service(3, 100)]);
    expect(bytesOf(mergeEvidence(beside, before))).toBe(bytesOf(mergeEvidence(before, beside)));
    expect(bytesOf(fold([wild, service(2, 0), service(2, 100), service(3, 0), service(3, 100)]))).toBe(
      bytesOf(mergeEvidence(before, beside)),
    );
  });

  it('only ever more, and stand for all that was seen', () => {
    fc.assert(
      fc.property(someSightings, fc.nat(8), (sightings, cut) => {
        const all = parts(sightings);
        const evidences = [fold(all.slice(0, cut)), fold(all)];
        const [some, more] = evidences.map(peersOf);
        for (const peer of some ?? []) expect(more?.some((wide) => blockCovers(wide, peer))).toBe(true);
        for (const one of sightings) expect(more?.some((wide) => blockCovers(wide, peerOf(one)))).toBe(true);

        // What a table counts them for grows with them, and bounds how many entries they take.
        const weights = evidences.map(({ network }) => blockGroups.weigh([...network.values()]));
        expect(weights[0]).toBeLessThanOrEqual(weights[1] ?? 0);
        expect(more?.length).toBeLessThanOrEqual(((weights[1] ?? 0) * mostEntries) / mostWeight);
      }),
    );
  });

  it('for nobody else, whatever one container does', () => {
    const few = fc.array(
      fc.record({ container: fc.integer({ min: 5, max: 8 }), network: fc.nat(9), block: fc.nat(9) }),
      { minLength: 1, maxLength: blockLimits.blocks - 1 },
    );
    fc.assert(
      fc.property(someSightings, few, (wild, calm) => {
        const one = wild.map((sighting) => ({ ...sighting, container: 1 }));
        const known = peersOf(knownEvidence(fold(parts([...one, ...calm]))));
        expect(known.filter(isWiderBlock)).toEqual([]);
        for (const sighting of calm) expect(known).toContain(peerOf(sighting));
      }),
    );
  });

  it('and leave known what was known of any container that did not make them', () => {
    fc.assert(
      fc.property(someSightings, (sightings) => {
        const { network, containers } = fold(parts(sightings));
        const known = peersOf(knownEvidence(fold(parts(sightings))));
        const alone = [...network.values()].filter(isOfOneContainer).map((entry) => entry.containers);
        for (const one of sightings) {
          const index = containers.findIndex(({ id }) => BigInt(`0x${id}`) === BigInt(one.container));
          if (alone.includes(1n << BigInt(index)) && containers.length > 1) continue;
          expect(known.some((peer) => blockCovers(peer, peerOf(one)))).toBe(true);
        }
      }),
    );
  });
});

describe('a container that connects to addresses without end', () => {
  it('takes one entry, tells about how many they were, and leaves the others as they were', () => {
    const calm = [2, 3, 4].map((container) => evidenceOf(container, [{ network: 7, block: container }]));
    const wild = numbers(10).map((part) =>
      evidenceOf(
        1,
        numbers(2_048).map((index) => ({ network: index % 256, block: part * 8 + (index >> 8) })),
        part,
      ),
    );
    const evidence = fold([...calm, ...wild]);
    expect(peersOf(evidence)).toEqual([internet, ...[2, 3, 4].map((block) => `external 20.7.${block}.0/24`)]);
    const members = [...evidence.network.values()].find(({ peer }) => peer === internet)?.members;
    expect(members && memberCount(members)).toBeGreaterThan(10_000);
    expect(peersOf(knownEvidence(evidence))).not.toContain(internet);
    expect(bytesOf(fold([...wild, ...calm]))).toBe(bytesOf(evidence));
  });

  it('never has more entries than a group may have, also not with accomplices', () => {
    // In each of 31 networks two containers have 7 blocks of their own; 31 more are of a third one alone.
    const [networks, blocks] = [numbers(blockLimits.networks - 1), numbers(blockLimits.blocks - 1)];
    const all = networks.flatMap((network) =>
      blocks.flatMap((block) => [
        { container: 1, network, block },
        { container: 2, network, block: 100 + block },
        { container: 3, network: 100 + network, block },
      ]),
    );
    expect(fold(parts(all)).network.size).toBe(mostEntries);
    const [entry] = fold(parts([...all, { container: 1, network: 99, block: 1 }])).network.values();
    expect(entry?.peer).toBe(internet);
  });
});
