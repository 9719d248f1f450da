import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Actor, Snapshot } from '../activity/snapshot.ts';
import { compiled } from '../match/testing.ts';
import { blockCovers, blockLimits, isOfOneContainer, isWiderBlock, widerBlocks } from './blocks.ts';
import { decodeEvidence } from './decode-evidence.ts';
import { encodeEvidence } from './encode-evidence.ts';
import { emptyEvidence, type Evidence } from './evidence.ts';
import { evidenceOfSnapshot, type SnapshotContext } from './from-snapshot.ts';
import { memberCount } from './members.ts';
import { type BehaviourLimits, mergeEvidence } from './merge.ts';
import { publish } from './publish.ts';
import { contextOf, seenAt, snapshotOf } from './testing.ts';

describe('the blocks that may stand for a peer', () => {
  it.each([
    ['external 104.16.3.0/24', 'external 104.16.0.0/16', 'external 0.0.0.0/0'],
    ['external 104.16.0.0/16', 'external 104.16.0.0/16', 'external 0.0.0.0/0'],
    ['external 0.0.0.0/0', 'external 0.0.0.0/0', 'external 0.0.0.0/0'],
    ['external 2606:4700:10::/48', 'external 2606:4700::/32', 'external ::/0'],
    ['external 2606:4700::/32', 'external 2606:4700::/32', 'external ::/0'],
    ['external 2a00::/48', 'external 2a00::/32', 'external ::/0'],
    ['external 2a00:0:7::/48', 'external 2a00::/32', 'external ::/0'],
    ['external 172.32.1.0/24', 'external 172.32.0.0/16', 'external 0.0.0.0/0'],
    ['external 100.128.1.0/24', 'external 100.128.0.0/16', 'external 0.0.0.0/0'],
  ])('%s', (peer, network, internet) => {
    expect(widerBlocks(peer)).toEqual({ network, internet });
    for (const wide of [peer, network, internet]) expect(blockCovers(wide, peer)).toBe(true);
    expect(isWiderBlock(network) && isWiderBlock(internet)).toBe(true);
  });

  it.each([
    'external 169.254.169.254/32',
    'external 169.254.169.0/24',
    'external 168.63.129.0/24',
    'external 192.0.0.0/24',
    'external 10.1.2.0/24',
    'external 172.16.9.0/24',
    'external 172.31.9.0/24',
    'external 192.168.1.0/24',
    'external 100.64.1.0/24',
    'external 127.0.0.0/24',
    'external 0.1.2.0/24',
    'external 198.18.0.0/24',
    'external 198.19.255.0/24',
    'external 224.0.0.0/24',
    'external 255.255.255.0/24',
    'external fd00:ec2::/48',
    'external fe80::1/128',
    'external ::1/128',
    'external 64:ff9b::/48',
    'external 104.16.3.7/32',
    'service default/redis',
    'self',
    'unknown',
    '',
  ])('%s: none', (peer) => {
    expect(widerBlocks(peer)).toBeUndefined();
    expect(blockCovers('external 0.0.0.0/0', peer)).toBe(false);
  });
});

/** An address is its own block here, as the operator resolves it. */
const resolve: SnapshotContext['resolve'] = ({ address, port }) => ({
  peer: { kind: 'external', block: address },
  port,
});

interface Conversation {
  readonly block: string;
  readonly port?: number;
  readonly process?: number;
  readonly actors?: Actor[];
}

function container(number: number, conversations: readonly Conversation[]): Evidence {
  const snapshot: Snapshot = snapshotOf(number, {
    processes: ['/usr/bin/server', '/usr/bin/curl'].map((executable) => ({
      ...seenAt(),
      parent: -1,
      executable,
      maxInstances: 1,
    })),
    network: conversations.map(({ block, port = 443, process = 0, actors = ['entrypoint'] }) => ({
      ...seenAt(),
      actors,
      process,
      direction: 'connect',
      protocol: 'tcp',
      address: block,
      port,
    })),
  });
  return evidenceOfSnapshot(snapshot, contextOf({ resolve }));
}

const merged = (...parts: readonly Evidence[]): Evidence =>
  parts.reduce((all, part) => mergeEvidence(all, part), emptyEvidence);
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const inNetwork = (count: number, network = '104.16'): Conversation[] =>
  numbers(count).map((third) => ({ block: `${network}.${third}.0/24` }));
const networks = (count: number): Conversation[] => numbers(count).map((second) => ({ block: `20.${second}.7.0/24` }));

function shown(...conversations: readonly (readonly Conversation[])[]): string[] {
  const { behavior } = publish(merged(...conversations.map((some, index) => container(index + 1, some))), {
    lostPeriods: 0,
  });
  return behavior.network.map(({ peer = '', port = 0 }) => `${peer} ${port}`).sort();
}

describe('whom a process talks to outside of the cluster', () => {
  it('is a list while it is short', () => {
    expect(shown(inNetwork(blockLimits.blocks - 1))).toHaveLength(blockLimits.blocks - 1);
    expect(shown(networks(blockLimits.networks - 1))).toHaveLength(blockLimits.networks - 1);
  });

  it('is the network of a service that answers from everywhere in it, whoever saw what', () => {
    const each = inNetwork(9).map((one) => [one]);
    expect(shown(...each)).toEqual(['external 104.16.0.0/16 443']);
    // Without the one that saw two of them, seven are left.
    expect(shown(...each.slice(2), inNetwork(2))).toHaveLength(9);
  });

  it('is not what one container alone saw of it, which is shown beside as that', () => {
    const { behavior, evidence } = publish(merged(container(1, networks(40)), container(2, inNetwork(1))), {
      lostPeriods: 0,
    });
    expect(behavior.network).toMatchObject([
      { peer: 'external 0.0.0.0/0', port: 443, oneContainer: true, commonality: 50, pattern: { rule: 'blocks' } },
      { peer: 'external 104.16.0.0/24', port: 443, commonality: 50 },
    ]);
    expect(behavior.network[1]).not.toHaveProperty('oneContainer');
    expect(evidence).toMatchObject({ setAside: { network: 1 }, omitted: { network: 0 } });
    expect(JSON.stringify(publish(container(1, networks(40)), { lostPeriods: 0 }))).not.toContain('oneContainer');
  });

  it('is the Internet where there are many networks, with how many and some of them', () => {
    const { behavior } = publish(container(1, [...networks(40), ...inNetwork(9)]), { lostPeriods: 0 });
    expect(behavior.network).toMatchObject([
      {
        peer: 'external 0.0.0.0/0',
        port: 443,
        pattern: { rule: 'blocks' },
      },
    ]);
    expect(behavior.network[0]?.pattern?.examples).toHaveLength(3);
    expect(behavior.network[0]?.pattern?.count).toBeGreaterThan(35);
  });

  it('never is another port, process or family, and never what is not public', () => {
    const others: Conversation[] = [
      { block: '104.16.3.0/24', port: 4444 },
      { block: '104.16.3.0/24', process: 1 },
      { block: '2606:4700:10::/48' },
      { block: '169.254.169.254/32', port: 80 },
      { block: '10.9.9.0/24' },
    ];
    expect(shown([...networks(40), ...others])).toEqual(
      [
        'external 0.0.0.0/0 443',
        'external 10.9.9.0/24 443',
        'external 104.16.3.0/24 443',
        'external 104.16.3.0/24 4444',
        'external 169.254.169.254/32 80',
        'external 2606:4700:10::/48 443',
      ].sort(),
    );
    const inside = numbers(99).map((third) => ({ block: `10.0.${third}.0/24` }));
    expect(shown(inside)).toHaveLength(99);
  });

  it('shows the server of an attacker beside a service with many addresses', () => {
    const attack: Conversation[] = [{ block: '203.0.113.0/24' }, { block: '198.51.100.0/24' }];
    expect(shown([...inNetwork(200), ...attack])).toEqual([
      'external 104.16.0.0/16 443',
      'external 198.51.100.0/24 443',
      'external 203.0.113.0/24 443',
    ]);
  });

  it('is matched as it is shown', () => {
    const process = { executable: '/usr/bin/server' };
    const verdict = (evidence: Evidence, peer: string, port = 443): string => {
      const profile = compiled(evidence);
      const observed = { kind: 'network', direction: 'connect', protocol: 'tcp', address: '', port, peer } as const;
      return profile.match(profile.place(undefined, process), observed).verdict;
    };
    const [service, crawler] = [container(1, inNetwork(9)), container(1, networks(40))];
    expect(verdict(service, 'external 104.16.99.0/24')).toBe('known');
    expect(verdict(service, 'external 104.17.99.0/24')).toBe('unseen');
    expect(verdict(service, 'external 104.16.99.0/24', 22)).toBe('unseen');
    expect(verdict(crawler, 'external 203.0.113.0/24')).toBe('known');
    expect(verdict(crawler, 'external 203.0.113.0/24', 22)).toBe('unseen');
    expect(verdict(crawler, 'external 169.254.169.254/32')).toBe('unseen');
    expect(verdict(crawler, 'external 10.0.0.0/24')).toBe('unseen');
    expect(verdict(crawler, 'external 2606:4700:10::/48')).toBe('unseen');
  });
});

describe('wider blocks', () => {
  /** Two networks of which each part sees some blocks, so that they become one on the way or at the end, and now and then a great many. */
  const some: fc.Arbitrary<Conversation[]> = fc
    .array(
      fc.oneof(
        {
          weight: 20,
          arbitrary: fc
            .tuple(fc.integer({ min: 1, max: 2 }), fc.nat(9))
            .map(([second, third]): Conversation => ({ block: `20.${second}.${third}.0/24` })),
        },
        fc.record({
          block: fc.nat(4).map((third) => `20.1.${third}.0/24`),
          port: fc.constantFrom(80, 443),
          process: fc.nat(1),
          actors: fc.constantFrom<Actor[]>(['entrypoint'], ['interactive']),
        }),
        fc.constantFrom<Conversation>({ block: '10.1.2.0/24' }, { block: '2606:4700:10::/48' }),
      ),
      { maxLength: 24 },
    )
    .chain((list) => fc.nat(35).map((more) => [...list, ...(more > 25 ? networks(more) : [])]));
  const parts = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), some), { minLength: 1, maxLength: 5 });
  const bytesOf = (evidence: Evidence): string => new TextDecoder().decode(encodeEvidence(evidence));

  it.each([8_000, 70, 20])('are the same in any order and split, also in a table of %i', (network) => {
    const limits: BehaviourLimits = { processes: 9, files: 9, dns: 9, network, siblings: 9, shapes: 9 };
    const fold = (all: readonly Evidence[]): Evidence =>
      all.reduce((known, one) => mergeEvidence(known, one, limits), emptyEvidence);
    fc.assert(
      fc.property(parts, fc.nat(5), (found, cut) => {
        const evidences = found.map(([number, conversations]) => container(number, conversations));
        const all = fold(evidences);
        const bytes = bytesOf(all);
        const [left, right] = [fold(evidences.slice(0, cut)), fold(evidences.slice(cut))];
        expect(bytesOf(fold(evidences.toReversed()))).toBe(bytes);
        expect(bytesOf(mergeEvidence(left, right, limits))).toBe(bytes);
        expect(bytesOf(mergeEvidence(right, left, limits))).toBe(bytes);
        expect(bytesOf(mergeEvidence(all, right, limits))).toBe(bytes);
        expect(bytesOf(decodeEvidence(encodeEvidence(all)))).toBe(bytes);
      }),
      { numRuns: 150 },
    );
  });

  it('stand for all blocks that were seen, and count them', () => {
    fc.assert(
      fc.property(parts, (found) => {
        const all = merged(...found.map(([number, conversations]) => container(number, conversations)));
        const entries = [...all.network.values()];
        for (const { block, port = 443 } of found.flatMap(([, conversations]) => conversations)) {
          expect(entries.some((one) => one.port === port && blockCovers(one.peer, `external ${block}`))).toBe(true);
        }
        for (const { peer, members } of entries) {
          const count = members === undefined ? 0 : memberCount(members);
          // Of a network beside an Internet of one container it is not known.
          const isUncounted = members === undefined && isWiderBlock(peer) && entries.some(isOfOneContainer);
          expect(isUncounted || count >= blockLimits.blocks === isWiderBlock(peer)).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });
});
