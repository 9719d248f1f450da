/**
 * Layer 2: the rendition of evidence that fits into a Kubernetes object. A pure function that is never fed back, so that
 * leaving something out here forgets nothing. Equal evidence gives equal bytes.
 *
 * Names are generalised (generalise.ts), and if all of it does not fit, in places with fewer different names than usual too.
 * What still does not fit is left out by kind, each from its own end: what the fewest containers showed first, among those the
 * deepest first (processes by lineage, files by path), then by text. A process stays as long as anything below it stays.
 * A third of the budget is kept for processes and for files, a sixth for endpoints and for names; what a kind does not
 * need goes to the others in the order processes, endpoints, names, files: files are left out first, processes last.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { kinds as kindWords } from '../activity/snapshot.ts';
import { sketchCount } from './sketch.ts';
import { commonality } from './commonality.ts';
import { blindSpotUses, coverage } from './completeness.ts';
import { digestsOf } from './digests.ts';
import { encodeEvidence } from './encode-evidence.ts';
import { type BehaviourKind, byText, type Evidence, type SnapshotFacts } from './evidence.ts';
import { fromFlags } from './flags.ts';
import { anyNames, generalise } from './generalise.ts';
import { knownEvidence, setAside, unsharedBlocks } from './known.ts';
import { namedWorkloads } from './named-workloads.ts';
import { namesToPattern } from './patterns.ts';
import { type Publication, publicationLimits, type PublishedEvidence, type PublishedProcess } from './publication.ts';
import { type QuarantineMark, quarantinedCount, withoutQuarantined } from './quarantine.ts';
import { byWorth, type Candidate, candidates, type Candidates } from './publication-rows.ts';
import { recurrence } from './recurrence.ts';

export interface PublishOptions {
  /** Periods of this image that an agent's death cut short. */
  readonly lostPeriods: number;
  /** What they taint is left out, as if it had never been learned; none if absent. */
  readonly quarantine?: readonly QuarantineMark[];
  /** Bytes of JSON, and entries of each list; those of the object if absent. */
  readonly bytes?: number;
  readonly entries?: number;
}

export function publish(all: Evidence, options: PublishOptions): Publication {
  const evidence = withoutQuarantined(all, options.quarantine ?? []);
  const known = knownEvidence(evidence);
  const facts = { ...evidenceFacts(evidence, options), setAside: setAside(evidence, known) };
  const { kindsCollected } = facts.completeness;
  const names = {
    ...(kindsCollected.includes('syscall') && { syscalls: [...known.syscalls.keys()].sort(byText) }),
    ...(kindsCollected.includes('capability') && { capabilities: [...known.capabilities.keys()].sort(byText) }),
  };
  // Measured with the largest counts, because how much is omitted is not known before.
  const frame = jsonBytes({ behavior: names, evidence: { ...facts, omitted: counts(() => Number.MAX_SAFE_INTEGER) } });
  const space = (options.bytes ?? publicationLimits.bytes) - frame;
  const found = fittingCandidates(known, unsharedBlocks(evidence, known), space);
  const grants = share(found, space);
  // Of what is known, however short space is.
  const whole = generalise(known);
  const score = commonality(whole).profile;
  const regularity = recurrence(whole)?.profile;

  const { entries = publicationLimits.entries } = options;
  const processes = keepProcesses(found.processes, { bytes: grants.processes, entries });
  const kept = new Set(processes.map((candidate) => candidate.row.id));
  const below = <Row extends { readonly processId: string }>(
    list: readonly Candidate<Row>[],
    bytes: number,
  ): readonly Candidate<Row>[] =>
    fitting(
      list.filter((candidate) => kept.has(candidate.row.processId)),
      { bytes, entries },
    );
  const chosen: Candidates = {
    processes,
    files: below(found.files, grants.files),
    dns: below(found.dns, grants.dns),
    network: below(found.network, grants.network),
  };
  const omitted = counts((kind) => found[kind].length - chosen[kind].length + sketchCount(evidence.omitted[kind]));
  return {
    behavior: {
      processes: inOrder(chosen.processes),
      files: inOrder(chosen.files),
      dns: inOrder(chosen.dns),
      network: inOrder(chosen.network),
      ...names,
    },
    evidence: { ...facts, omitted },
    ...(score !== undefined && { commonality: score }),
    ...(regularity !== undefined && { recurrence: regularity }),
    quarantined: quarantinedCount(all, evidence),
  };
}

/** Coarser until it fits, down to places of four names; what a person gave names without digits to stays in any case. */
function fittingCandidates(
  known: Evidence,
  unshared: Evidence['network'],
  bytes: number,
  names = anyNames,
): Candidates {
  const view = generalise(known, names);
  const found = candidates(view, unshared);
  const need = [found.processes, found.files, found.dns, found.network].reduce((sum, list) => sum + sizeOf(list), 0);
  return need <= bytes || names <= namesToPattern ? found : fittingCandidates(known, unshared, bytes, names / 4);
}

function sizeOf(list: readonly Candidate<unknown>[]): number {
  return list.reduce((sum, one) => sum + one.bytes, 0);
}

function counts(count: (kind: BehaviourKind) => number): Record<BehaviourKind, number> {
  return { processes: count('processes'), files: count('files'), dns: count('dns'), network: count('network') };
}

function jsonBytes(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

/** Bytes for each kind: what it needs up to its share, then what others leave. */
function share(all: Candidates, bytes: number): Record<BehaviourKind, number> {
  const need = counts((kind) => sizeOf(all[kind]));
  const parts = { processes: 1 / 3, files: 1 / 3, dns: 1 / 6, network: 1 / 6 };
  const grants = counts((kind) => Math.max(0, Math.min(need[kind], Math.floor(bytes * parts[kind]))));
  let spare = bytes - grants.processes - grants.files - grants.dns - grants.network;
  for (const kind of ['processes', 'network', 'dns', 'files'] as const) {
    const extra = Math.max(0, Math.min(need[kind] - grants[kind], spare));
    grants[kind] += extra;
    spare -= extra;
  }
  return grants;
}

/** Of one list. */
type Room = Required<Pick<PublishOptions, 'bytes' | 'entries'>>;

/** The best that fit, up to the first that does not: so an entry is only ever left out after all that are worth less. */
function fitting<Row>(list: readonly Candidate<Row>[], room: Room): Candidate<Row>[] {
  const kept: Candidate<Row>[] = [];
  let left = room.bytes;
  for (const one of list.filter(({ valid }) => valid).sort(byWorth)) {
    left -= one.bytes;
    if (left < 0 || kept.length === room.entries) break;
    kept.push(one);
  }
  return kept;
}

/**
 * What runs below a process that the schema does not take cannot be shown either. A process is worth no more than its parent:
 * usually it could not be, but snapshots may say that somebody who teaches nothing began what then taught.
 */
function keepProcesses(
  list: readonly Candidate<PublishedProcess>[],
  room: Room,
): readonly Candidate<PublishedProcess>[] {
  const reachable = new Map<string, Candidate<PublishedProcess>>();
  for (const one of [...list].sort((left, right) => left.depth - right.depth)) {
    const { id, parentId } = one.row;
    const parent = parentId === undefined ? one : reachable.get(parentId);
    if (!one.valid || parent === undefined) continue;
    reachable.set(id, parent.showed < one.showed ? { ...one, showed: parent.showed } : one);
  }
  return fitting([...reachable.values()], room);
}

/** Parents before children; everything else by process, then text. */
function inOrder<Row extends { readonly processId: string } | PublishedProcess>(
  list: readonly Candidate<Row>[],
): Row[] {
  const depthOf = ({ row, depth }: Candidate<Row>): number => ('id' in row ? depth : 0);
  return [...list]
    .sort((left, right) => depthOf(left) - depthOf(right) || byText(left.key, right.key))
    .map(({ row }) => row);
}

function evidenceFacts(
  evidence: Evidence,
  { lostPeriods, entries = publicationLimits.workloads }: PublishOptions,
): Omit<PublishedEvidence, 'omitted' | 'setAside'> {
  const { containers, snapshots } = evidence;
  const blindSpots = blindSpotUses(containers);
  return {
    snapshots: snapshots.length,
    containers: containers.length,
    nodes: new Set(containers.map((facts) => facts.node).filter((node) => node !== '')).size,
    ...namedWorkloads(
      containers.map((facts) => facts.workload),
      entries,
    ),
    ...period(snapshots),
    digests: digestsOf(evidence),
    completeness: {
      ...coverage(snapshots),
      startsSeen: containers.filter((facts) => facts.startSeen).length,
      lostPeriods,
      kindsCollected: fromFlags(
        kindWords,
        containers.reduce((flags, facts) => flags | facts.kinds, 0),
      ),
      ...(blindSpots.length > 0 && { blindSpots }),
    },
    contentDigest: `sha256:${bytesToHex(sha256(encodeEvidence(evidence)))}`,
  };
}

function period(snapshots: readonly SnapshotFacts[]): Pick<PublishedEvidence, 'firstSeen' | 'lastSeen'> {
  if (snapshots.length === 0) return {};
  const time = (milliseconds: number): string => new Date(milliseconds).toISOString();
  return {
    firstSeen: time(snapshots.reduce((least, { from }) => Math.min(least, from), Infinity)),
    lastSeen: time(snapshots.reduce((most, { to }) => Math.max(most, to), 0)),
  };
}
