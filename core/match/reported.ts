/** Something unknown as people and programs read it: what it is, why it matters, what is nearest and in what that differs. */
import type { Actor, FileAccess } from '../activity/snapshot.ts';
import { programText, type Subject } from '../profile/diff-behaviours.ts';
import { type Relevance, relevances } from '../profile/diff-relevance.ts';
import { strangersOf } from './check.ts';
import type { Difference, Lineage, Miss } from './difference.ts';
import type { KnownBehaviour } from './known-behaviour.ts';
import { nearestSentence } from './nearest-sentence.ts';
import { nearestKnown } from './nearest.ts';
import type { UnknownRow } from './unknown-rows.ts';

/** Part of what `kubectl wsp profile check -o json` and the operator's API promise. */
export type Reported = Subject & {
  readonly relevance: Relevance;
  readonly why: string;
  readonly sentence: string;
  /** Programs from the root, the last 16; empty for what containers do as a whole. */
  readonly lineage: readonly string[];
  readonly access?: readonly FileAccess[];
  readonly port?: number;
  /** Who did it, if nobody did whose behaviour becomes known. */
  readonly by?: readonly Actor[];
  readonly withProcess?: true;
  readonly nearest?: Readonly<Record<string, unknown>>;
  readonly difference: readonly Difference[];
  /** How many containers showed it, and the ids of the first 8. */
  readonly containers: number;
  readonly containerIds: readonly string[];
  /** RFC 3339. */
  readonly first: string;
  readonly last: string;
};

const shownLineage = 16;
const shownContainers = 8;

/** Looks up what is near: at most some ten milliseconds (nearness.ts). */
export function reported(known: KnownBehaviour, row: UnknownRow): Reported {
  const { subject, relevance, miss } = row;
  const by = strangersOf(row.actors);
  return {
    ...subject,
    relevance,
    why: relevances[relevance],
    ...(miss === undefined ? { sentence: wholeSentence(subject), difference: [] } : near(known, miss)),
    lineage: linesOf(row.lineage),
    ...(row.access.length > 0 && { access: row.access }),
    ...(miss?.kind === 'network' && miss.port !== 0 && { port: miss.port }),
    ...(by.length > 0 && { by }),
    ...(row.withProcess && { withProcess: true }),
    containers: row.containers.size,
    containerIds: [...row.containers].slice(0, shownContainers),
    first: new Date(row.first).toISOString(),
    last: new Date(row.last).toISOString(),
  };
}

function near(known: KnownBehaviour, miss: Miss): Pick<Reported, 'sentence' | 'nearest' | 'difference'> {
  const found = nearestKnown(known, miss);
  const { nearest, difference } = found;
  return {
    sentence: nearestSentence(miss, found),
    ...(nearest !== undefined && { nearest: { ...nearest, lineage: linesOf(nearest.lineage) } }),
    difference,
  };
}

function linesOf(lineage: Lineage): string[] {
  return lineage.slice(-shownLineage).map(programText);
}

function wholeSentence(subject: Subject): string {
  if (subject.kind === 'syscall') return `Calling ${subject.name} is not known.`;
  return `Using ${'name' in subject ? subject.name : subject.kind} is not known.`;
}
