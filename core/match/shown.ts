/** What a snapshot shows, behaviour by behaviour: as it is matched, and as profiles call it. */
import { bit } from '../activity/file-access.ts';
import { reducePath } from '../activity/reduce-path.ts';
import type { Actor, FileAccess, Snapshot } from '../activity/snapshot.ts';
import { canonicalNames, type ClusterNames, searchList } from '../profile/dns-names.ts';
import type { Subject } from '../profile/diff-behaviours.ts';
import { identityOf, lineageId, type ProcessIdentity } from '../profile/evidence.ts';
import { endpointOf, isConversation, type SnapshotContext } from '../profile/from-snapshot.ts';
import type { CompiledProfile, Match, Place } from './compiled-profile.ts';
import type { Lineage, Miss } from './difference.ts';

/** Whose container it was, and whose the addresses were. */
export type ShownContext = Pick<SnapshotContext, 'namespace' | 'resolve' | keyof ClusterNames>;

export interface Shown {
  readonly actors: readonly Actor[];
  /** Milliseconds since the epoch. */
  readonly first: number;
  readonly last: number;
  readonly subject: Subject;
  /** Place of its process: `lineageId`. */
  readonly process: string;
  readonly lineage: Lineage;
  readonly match: Match;
  /** Accesses of a file that are not known; of anything else empty. */
  readonly access: readonly FileAccess[];
  /** In the forms of a profile. */
  readonly miss: Miss;
}

interface Standing {
  readonly place: Place;
  readonly lineage: Lineage;
  /** The same for all nodes of one lineage. */
  readonly id: string;
}

type Node = Pick<Shown, 'actors' | 'first' | 'last'>;

/**
 * Processes first, parents before their children. Questions that only stem from searching are left out, as in a profile.
 * System calls and capabilities are not among it: the compiled form does not hold them.
 */
export function* shownIn(snapshot: Snapshot, profile: CompiledProfile, context: ShownContext): Generator<Shown> {
  const standings = standingsOf(snapshot, profile);
  const at = ({ process }: { readonly process: number }): Standing => {
    const standing = standings[process];
    if (standing === undefined) throw new RangeError(`snapshot ${snapshot.snapshotId} has no process ${process}`);
    return standing;
  };
  for (const [index, node] of snapshot.processes.entries()) {
    const standing = at({ process: index });
    const { lineage, place } = standing;
    const subject = { kind: 'process', ...identityOf(node) } as const;
    yield { ...shownBy(standing, node), subject, match: place.match, miss: { kind: 'process', lineage } };
  }
  yield* filesIn(snapshot, profile, at);
  yield* namesIn(snapshot, profile, context, at);
  yield* endpointsIn(snapshot, profile, context, at);
}

function shownBy({ id, lineage }: Standing, { actors, first, last }: Node) {
  const access: Shown['access'] = [];
  return { actors, first: Math.min(first, last), last: Math.max(first, last), process: id, lineage, access };
}

function standingsOf({ processes }: Snapshot, profile: CompiledProfile): Standing[] {
  const standings: Standing[] = [];
  for (const node of processes) {
    const parent = standings[node.parent];
    const identity: ProcessIdentity = identityOf(node);
    const place = profile.place(parent?.place, identity);
    standings.push({
      place,
      lineage: [...(parent?.lineage ?? []), identity],
      id: lineageId(parent?.id, identity),
    });
  }
  return standings;
}

type At = (node: { readonly process: number }) => Standing;

function* filesIn(snapshot: Snapshot, profile: CompiledProfile, at: At): Generator<Shown> {
  for (const node of snapshot.files) {
    const standing = at(node);
    const { place, lineage } = standing;
    const path = reducePath(node.path);
    const matchOf = (access: readonly FileAccess[]): Match =>
      profile.match(place, {
        kind: 'file',
        path,
        access: access.reduce((bits, one) => bits | bit(one), 0),
        truncated: false,
      });
    const match = matchOf(node.access);
    const access = match.verdict === 'known' ? [] : node.access.filter((one) => matchOf([one]).verdict !== 'known');
    const miss = { kind: 'file', lineage, path, access: mostTelling(access) } as const;
    yield { ...shownBy(standing, node), subject: { kind: 'file', path }, match, access, miss };
  }
}

const byTelling: readonly FileAccess[] = ['write', 'create', 'delete', 'rename', 'attributes', 'read', 'denied'];

/** Of the accesses to a file the one that says most. */
export function mostTelling(accesses: readonly FileAccess[]): FileAccess {
  return byTelling.find((access) => accesses.includes(access)) ?? 'read';
}

function* namesIn(snapshot: Snapshot, profile: CompiledProfile, context: ShownContext, at: At): Generator<Shown> {
  const search = searchList(context.namespace, context);
  for (const nodes of Map.groupBy(snapshot.dns, (node) => at(node).id).values()) {
    const names = canonicalNames(
      nodes.map(({ name }) => name),
      search,
    );
    for (const node of nodes) {
      const name = names.get(node.name);
      if (name === undefined) continue;
      const standing = at(node);
      const { place, lineage } = standing;
      const match = profile.match(place, { kind: 'dns', name: node.name }, search);
      yield { ...shownBy(standing, node), subject: { kind: 'dns', name }, match, miss: { kind: 'dns', lineage, name } };
    }
  }
}

function* endpointsIn(
  snapshot: Snapshot,
  profile: CompiledProfile,
  { resolve }: ShownContext,
  at: At,
): Generator<Shown> {
  const listening = new Set(
    snapshot.network.filter(({ direction }) => direction === 'listen').map((node) => `${at(node).id}\n${node.port}`),
  );
  for (const node of snapshot.network.filter(isConversation)) {
    const standing = at(node);
    const { place, lineage, id } = standing;
    const { direction, protocol, address } = node;
    const { peer, port } = endpointOf(node, listening.has(`${id}\n${node.port}`), { resolve });
    const matchAs = (who: string | undefined): Match =>
      profile.match(place, {
        kind: 'network',
        direction,
        protocol,
        address,
        port,
        ...(who !== undefined && { peer: who }),
      });
    const match = matchAs(peer);
    const subject = { kind: 'network', direction, protocol, ...(peer !== '' && { peer }) } as const;
    yield {
      ...shownBy(standing, node),
      subject,
      // A profile has `unknown` peers too. Where it has not this one, nobody can say whether it is one of its others.
      match: match.verdict === 'unseen' && peer === 'unknown' ? matchAs(undefined) : match,
      miss: { kind: 'network', lineage, direction, protocol, peer, port },
    };
  }
}
