/**
 * How addresses become wider blocks (blocks.ts) while evidence is merged, so that neither the order of snapshots nor how they
 * were split shows, and no container widens what others are known by. Of a group, which is what one process talks to on one
 * port and protocol:
 *
 * - **Shared.** A /16 whose blocks would be enough without any one container is that /16, and absorbs all of its blocks. It has
 *   at least two containers. So does the Internet with networks.
 * - **Of one container.** Who alone showed enough is taken out of the blocks, and stands in an entry of the /16, or of the
 *   Internet, that has this container and no other: its addresses take one entry, however many they are. What others
 *   showed stays as it was. With a second such container the block is shared.
 *
 * Who is in either counts as having shown all of it from then on. Of every other container it is known exactly which blocks it
 * showed, and that is all that the rules ask: they depend on what was seen alone, and only ever get more.
 *
 * An entry cannot tell what one of its containers did when. So where a container was taken out of blocks, times, phases and
 * periods are those of all that lies in the wider block, in each of its entries; and of the /16 beside an Internet of one
 * container it is not known what they were made of.
 */
import { blockLimits, isWiderBlock, widerBlocks } from './blocks.ts';
import { type ContainerSet, inAtLeast, isSingle, noContainers } from './container-set.ts';
import { keyOf, type NetworkEvidence } from './evidence.ts';
import { absorbBehaviour } from './join.ts';
import { joinMembers, type Members, membersOf } from './members.ts';

type Entries = readonly NetworkEvidence[];
type ByKey = ReadonlyMap<string, NetworkEvidence>;

/** Of those whose blocks may become one; undefined for what never does. */
function groupOf(entry: NetworkEvidence): string | undefined {
  const wider = entry.direction === 'connect' ? widerBlocks(entry.peer) : undefined;
  return wider && keyOf.network({ ...entry, peer: wider.internet });
}

/** It may become part of a wider block, or is one. */
export function mayWiden(entry: NetworkEvidence): boolean {
  return groupOf(entry) !== undefined;
}

/** A wider block, or a block whose times are those of a wider one. */
export function sharesTimes(entry: NetworkEvidence, all: ByKey): boolean {
  const wider = entry.direction === 'connect' ? widerBlocks(entry.peer) : undefined;
  return [wider?.network, wider?.internet].some(
    (peer) => peer !== undefined && all.has(keyOf.network({ ...entry, peer })),
  );
}

/** Closes the blocks of all entries. */
export function closeBlocks(entries: ByKey): ByKey {
  const closed = new Map(entries);
  let changes = false;
  for (const [group, own] of Map.groupBy(entries.values(), groupOf)) {
    if (group === undefined || (own.length < blockLimits.blocks && !own.some(({ peer }) => isWiderBlock(peer))))
      continue;
    const after = closedGroup(own);
    if (after === own) continue;
    changes = true;
    for (const entry of own) closed.delete(keyOf.network(entry));
    for (const entry of after) closed.set(keyOf.network(entry), entry);
  }
  return changes ? closed : entries;
}

/** Itself if nothing in it is wide. */
function closedGroup(group: Entries): Entries {
  const internet = group.map(({ peer }) => widerBlocks(peer)?.internet ?? '')[0] ?? '';
  const networks = Map.groupBy(group, ({ peer }) => widerBlocks(peer)?.network ?? '');
  const known = containersOf(networks.get(internet) ?? []);
  networks.delete(internet);
  const shown = Array.from(networks.values(), containersOf);
  const alone = known | inAtLeast(shown, blockLimits.networks);
  if (isShared(shown, alone, blockLimits.networks)) return [blockOf(internet, group, containersOf(group))];
  const closed = [...networks].flatMap(([network, own]) => closedNetwork(network, own, alone));
  if (alone === noContainers) return closed.some(({ peer }) => isWiderBlock(peer)) ? closed : group;
  const block = blockOf(internet, group, alone);
  return [block, ...closed.map(({ members: _mixed, ...entry }) => withTimesOf(block, entry))];
}

/** `everywhere`: who stands for the Internet counts as having shown all of it. */
function closedNetwork(network: string, own: Entries, everywhere: ContainerSet): Entries {
  const blocks = own.filter(({ peer }) => peer !== network);
  const known = containersOf(own.filter(({ peer }) => peer === network));
  const shown = blocks.map(({ containers }) => containers);
  const broad = everywhere | known | inAtLeast(shown, blockLimits.blocks);
  if (isShared(shown, broad, blockLimits.blocks)) return [blockOf(network, own, containersOf(own) | everywhere)];
  const left = blocks
    .map((entry) => ({ ...entry, containers: entry.containers & ~broad }))
    .filter(({ containers }) => containers !== noContainers);
  const alone = broad & ~everywhere;
  if (alone === noContainers) return left;
  const block = blockOf(network, own, alone);
  return [block, ...left.map((entry) => withTimesOf(block, entry))];
}

/**
 * There would be enough without any one container. `broad`: who has enough alone; of all others `shown` is exact.
 */
function isShared(shown: readonly ContainerSet[], broad: ContainerSet, least: number): boolean {
  if (broad !== noContainers) {
    return !isSingle(broad) || shown.filter((set) => (set & ~broad) !== noContainers).length >= least;
  }
  const byOne = Map.groupBy(shown.filter(isSingle), (set) => set);
  const most = [...byOne.values()].reduce((max, sets) => Math.max(max, sets.length), 0);
  return shown.length - most >= least;
}

function containersOf(entries: Entries): ContainerSet {
  return entries.reduce((set, { containers }) => set | containers, noContainers);
}

function blockOf(peer: string, entries: Entries, containers: ContainerSet): NetworkEvidence {
  const [first, ...others] = entries;
  if (first === undefined) throw new RangeError(`nothing lies in ${peer}`);
  const joined = { ...first };
  for (const other of others) absorbBehaviour(joined, other);
  const members = entries.map(membersIn).reduce(joinKnown, undefined);
  return { ...joined, peer, containers, ...(members !== undefined && { members }) };
}

function membersIn({ peer, members }: NetworkEvidence): Members | undefined {
  return isWiderBlock(peer) ? members : membersOf(peer.slice('external '.length));
}

function joinKnown(left: Members | undefined, right: Members | undefined): Members | undefined {
  return left === undefined || right === undefined ? (left ?? right) : joinMembers(left, right);
}

function withTimesOf(
  { actors, phases, first, last, periods }: NetworkEvidence,
  entry: NetworkEvidence,
): NetworkEvidence {
  return { ...entry, actors, phases, first, last, periods };
}

/**
 * What counts for the limit of a table, as a group is kept or left out as a whole: more with each block, and never less than
 * before when blocks become one.
 */
export const mostWeight = 192;
/**
 * Of one group in which nothing is wide yet. Without some container fewer than 32 networks are left, and it has shown fewer than
 * 32 itself. In each network of others so two times 7 blocks at most; where it is alone, 7.
 */
export const mostEntries = 3 * (blockLimits.blocks - 1) * (blockLimits.networks - 1);

export const blockGroups = {
  keyOf: (entry: NetworkEvidence): string => groupOf(entry) ?? keyOf.network(entry),
  weigh: (group: Entries): number => {
    const networks = new Map<string, number>();
    for (const { peer } of group) {
      const wider = widerBlocks(peer);
      if (wider === undefined) continue;
      if (peer === wider.internet) return mostWeight;
      const more = peer === wider.network ? blockLimits.blocks : 1;
      networks.set(wider.network, Math.min((networks.get(wider.network) ?? 0) + more, blockLimits.blocks));
    }
    if (networks.size >= blockLimits.networks) return mostWeight;
    const blocks = [...networks.values()].reduce((sum, count) => sum + count, 0);
    return Math.min(Math.max(1, blocks), mostWeight);
  },
} as const;
