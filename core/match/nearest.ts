/**
 * For something that a profile does not know: what it knows that is nearest, and in what the two differ. For people who have to
 * judge it; the verdict itself is not changed by it.
 */
import { identityKey } from '../activity/identity.ts';
import { programText } from '../profile/diff-behaviours.ts';
import { lineageId } from '../profile/evidence.ts';
import { type Difference, differencesOf, type Lineage, type Miss } from './difference.ts';
import { type KnownBehaviour, type KnownProcess, lineageOf } from './known-behaviour.ts';
import { baseName, nearestOf } from './nearness.ts';
import { nearestEndpoint, nearestFile, nearestName, sharedAncestors, type Surroundings } from './nearest-object.ts';

export interface Nearest {
  readonly kind: Miss['kind'];
  /** How much of the lineage is known, from its root. */
  readonly ancestor: Lineage;
  /** If the lineage ends there: what is known to run below, the first by name. */
  readonly children: Lineage;
  /** In the same form; absent where nothing is near. */
  readonly nearest?: Miss;
  readonly difference: readonly Difference[];
}

/** Known children that are named. */
const mostChildren = 8;

/** The same for the same profile and miss, in whatever order the profile was learned. */
export function nearestKnown(known: KnownBehaviour, miss: Miss): Nearest {
  const ancestor = knownAncestor(known, miss.lineage);
  const depth = ancestor.length;
  const process = ancestor.at(-1);
  const below = known.children.get(process?.id ?? '') ?? [];
  const isPlaced = depth === miss.lineage.length;
  const nearest = nearestTo(known, miss, isPlaced ? process?.id : undefined, ancestor);
  const byName = below.toSorted((a, b) => (programText(a.identity) < programText(b.identity) ? -1 : 1));
  return {
    kind: miss.kind,
    ancestor: ancestor.map(({ identity }) => identity),
    children: isPlaced ? [] : byName.slice(0, mostChildren).map(({ identity }) => identity),
    ...(nearest !== undefined && { nearest }),
    difference: nearest === undefined ? [] : differencesOf(nearest, firstUnseen(miss, depth)),
  };
}

/** Below an unseen process everything is unseen: what can be compared is the first that is. */
function firstUnseen(miss: Miss, depth: number): Miss {
  return miss.kind === 'process' ? { ...miss, lineage: miss.lineage.slice(0, depth + 1) } : miss;
}

/** The processes of the lineage up to the first one that is not known there. */
function knownAncestor({ processes }: KnownBehaviour, lineage: Lineage): KnownProcess[] {
  const found: KnownProcess[] = [];
  for (const identity of lineage) {
    const process = processes.get(lineageId(found.at(-1)?.id, identity));
    if (process === undefined) break;
    found.push(process);
  }
  return found;
}

function nearestTo(
  known: KnownBehaviour,
  miss: Miss,
  processId: string | undefined,
  ancestor: readonly KnownProcess[],
): Miss | undefined {
  const around = { known, processId, sharedWith: sharedAncestors(known, miss.lineage) };
  switch (miss.kind) {
    case 'process':
      return nearestProcess(around, miss.lineage, ancestor);
    case 'file': {
      const found = nearestFile(around, miss);
      if (found === undefined) return undefined;
      return { kind: 'file', lineage: lineageOf(known, found.processId), path: found.path, access: found.access };
    }
    case 'dns': {
      const found = nearestName(around, miss.name);
      return found && { kind: 'dns', lineage: lineageOf(known, found.processId), name: found.name };
    }
    case 'network': {
      const found = nearestEndpoint(around, miss);
      if (found === undefined) return undefined;
      const { processId: other, direction, protocol, peer, port } = found;
      return { kind: 'network', lineage: lineageOf(known, other), direction, protocol, peer, port };
    }
  }
}

/**
 * Below the deepest known ancestor a program of the same file, or of the same name; then the same program anywhere, by how
 * much of the lineage is the same; then one of the same file anywhere.
 */
function nearestProcess(
  { known, sharedWith }: Surroundings,
  lineage: Lineage,
  ancestor: readonly KnownProcess[],
): Miss | undefined {
  const unseen = lineage[ancestor.length];
  if (unseen === undefined) return undefined;
  const parentId = ancestor.at(-1)?.id;
  const found = nearestOf(known.processes.values(), ({ id, parentId: own, identity }) => {
    const sameFile = identity.executable === unseen.executable;
    const sibling = own === parentId;
    const same = identityKey(identity) === identityKey(unseen);
    const sameName = sibling && baseName(identity.executable) === baseName(unseen.executable);
    return sameFile || sameName ? [Number(sibling), Number(same), Number(sameFile), sharedWith(id)] : undefined;
  });
  return found && { kind: 'process', lineage: lineageOf(known, found.id) };
}
