/** Evidence as entries of a SecurityProfile, each with what decides whether it stays when space is short. */
import { actors as actorWords, fileAccesses, phases as phaseWords } from '../activity/snapshot.ts';
import { commonality, type Scores } from './commonality.ts';
import { type ContainerSet, remembering, setSize } from './container-set.ts';
import {
  type Behaviour,
  type BehaviourKind,
  byText,
  type DnsEvidence,
  type Evidence,
  type FileEvidence,
  identityOf,
  type NamedBehaviour,
  type NetworkEvidence,
  type ProcessEvidence,
} from './evidence.ts';
import { fromFlags } from './flags.ts';
import { joinMembers, memberCount, type Members } from './members.ts';
import { parsePeerText } from './peer.ts';
import {
  publicationLimits,
  type PublishedDns,
  type PublishedFile,
  type PublishedNetwork,
  type PublishedPattern,
  type PublishedProcess,
} from './publication.ts';
import { recurrence } from './recurrence.ts';

export interface Candidate<Row> {
  readonly row: Row;
  /** Of its JSON, with a comma. */
  readonly bytes: number;
  /** Containers that showed it. */
  readonly showed: number;
  /** In the lineage or in the file system. */
  readonly depth: number;
  /** Unique within its kind; the order of the published list among entries of one depth. */
  readonly key: string;
  /** The resource's schema takes it. */
  readonly valid: boolean;
}

export interface Candidates {
  readonly processes: readonly Candidate<PublishedProcess>[];
  readonly files: readonly Candidate<PublishedFile>[];
  readonly dns: readonly Candidate<PublishedDns>[];
  readonly network: readonly Candidate<PublishedNetwork>[];
}

interface RowScores {
  readonly commonality: Scores;
  /** Undefined unless the profile is of one container alone. */
  readonly recurrence: Scores | undefined;
}

interface Measures {
  readonly scores: RowScores;
  readonly sizeOf: (set: ContainerSet) => number;
}

/**
 * In no particular order: `byWorth` and the keys give one. `unshared`: blocks that are shown beside what is known (known.ts),
 * in no score but their own.
 */
export function candidates(evidence: Evidence, unshared: Evidence['network']): Candidates {
  const scores = { commonality: commonality(evidence), recurrence: recurrence(evidence) };
  const measures = { scores, sizeOf: remembering(setSize) };
  return {
    processes: [...evidence.processes.values()].map((process) => processCandidate(process, measures)),
    files: [...fileGroups(evidence, scores).values()].map((group) => fileCandidate(group, evidence, measures)),
    dns: [...evidence.dns].map(([key, dns]) =>
      candidate(dnsRow(dns, scores), { showed: measures.sizeOf(dns.containers), key }),
    ),
    network: [...evidence.network, ...unshared].map(([key, network]) =>
      candidate(
        { ...networkRow(network, scores), ...(unshared.has(key) && { oneContainer: true }) },
        { showed: measures.sizeOf(network.containers), key },
      ),
    ),
  };
}

/**
 * Best first: what most containers showed, then what lies highest. A container that shows a process shows its parent too,
 * so parents come before their children.
 */
export function byWorth(left: Candidate<unknown>, right: Candidate<unknown>): number {
  return right.showed - left.showed || left.depth - right.depth || byText(left.key, right.key);
}

function candidate<Row>(
  row: Row,
  from: {
    readonly showed: number;
    readonly key: string;
    readonly depth?: number;
    readonly valid?: boolean;
  },
): Candidate<Row> {
  return {
    row,
    bytes: new TextEncoder().encode(JSON.stringify(row)).length + 1,
    showed: from.showed,
    depth: from.depth ?? 0,
    key: from.key,
    valid: from.valid ?? true,
  };
}

type Scored = Pick<PublishedProcess, 'commonality' | 'recurrence'>;

function scored(scores: RowScores, kind: BehaviourKind, behaviour: Behaviour): Scored {
  const commonality = scores.commonality.of(kind, behaviour);
  const recurrence = scores.recurrence?.of(kind, behaviour);
  return { ...(commonality !== undefined && { commonality }), ...(recurrence !== undefined && { recurrence }) };
}

function scoredWithin(scores: Scores, id: string): Pick<PublishedProcess, 'commonalityOf'> {
  const { files, dns, network } = scores.within(id);
  const commonalityOf = {
    ...(files !== undefined && { files }),
    ...(dns !== undefined && { dns }),
    ...(network !== undefined && { network }),
  };
  return Object.keys(commonalityOf).length === 0 ? {} : { commonalityOf };
}

function processCandidate(process: ProcessEvidence, { scores, sizeOf }: Measures): Candidate<PublishedProcess> {
  const row: PublishedProcess = {
    id: process.id,
    ...(process.parentId !== undefined && { parentId: process.parentId }),
    ...identityOf(process),
    maxInstances: process.maxInstances,
    actors: fromFlags(actorWords, process.actors),
    phases: fromFlags(phaseWords, process.phases),
    ...scored(scores, 'processes', process),
    ...scoredWithin(scores.commonality, process.id),
  };
  const valid = [process.executable, process.script ?? ''].every((path) => path.length <= publicationLimits.pathLength);
  return candidate(row, { showed: sizeOf(process.containers), key: process.id, depth: process.depth, valid });
}

/** Accesses of one file by one process, by the same scores and actors. */
function fileGroups(evidence: Evidence, scores: RowScores): Map<string, FileEvidence[]> {
  return Map.groupBy(
    [...evidence.files.values()].sort((left, right) => accessRank(left) - accessRank(right)),
    (file) => {
      const { commonality = '', recurrence = '' } = scored(scores, 'files', file);
      return `${file.processId} ${file.path}\n${commonality} ${recurrence} ${file.actors}`;
    },
  );
}

function accessRank(file: FileEvidence): number {
  return fileAccesses.indexOf(file.access);
}

function fileCandidate(
  group: readonly FileEvidence[],
  evidence: Evidence,
  { scores, sizeOf }: Measures,
): Candidate<PublishedFile> {
  const [file] = group;
  if (file === undefined) throw new Error('a group of files is empty');
  const { processId, path, actors } = file;
  const access = group.map((member) => member.access);
  const row: PublishedFile = {
    processId,
    path,
    ...patternOf(path, group),
    access,
    ...(evidence.processes.get(processId)?.actors !== actors && { actors: fromFlags(actorWords, actors) }),
    ...scored(scores, 'files', file),
  };
  const containers = group.reduce((union, member) => union | member.containers, file.containers);
  return candidate(row, {
    showed: sizeOf(containers),
    key: `${processId} ${path}\n${access.join()}`,
    depth: path.split('/').length,
    valid: path.length <= publicationLimits.pathLength,
  });
}

function dnsRow(dns: DnsEvidence, scores: RowScores): PublishedDns {
  const { processId, name, types } = dns;
  return { processId, name, ...patternOf(name, [dns]), types, ...scored(scores, 'dns', dns) };
}

/** What stands for its members, which are those of all entries that make this row. */
function patternOf(text: string, entries: readonly NamedBehaviour[]): { pattern?: PublishedPattern } {
  const members = entries.flatMap((entry) => entry.members ?? []).reduce<Members | undefined>(joinAll, undefined);
  if (members === undefined) return {};
  const rule = /\{(?:any\d*|numbered)\}/.test(text) ? 'any' : 'signature';
  return { pattern: patternFrom(rule, members) };
}

function patternFrom(rule: PublishedPattern['rule'], members: Members): PublishedPattern {
  return { rule, count: memberCount(members), examples: members.examples };
}

function joinAll(all: Members | undefined, one: Members): Members {
  return all === undefined ? one : joinMembers(all, one);
}

function networkRow(network: NetworkEvidence, scores: RowScores): PublishedNetwork {
  const { processId, direction, protocol, peer, port, members } = network;
  const peerRef = direction === 'connect' ? parsePeerText(peer) : undefined;
  return {
    processId,
    direction,
    protocol,
    ...(peer !== '' && { peer }),
    ...(peerRef !== undefined && { peerRef }),
    ...(members !== undefined && { pattern: patternFrom('blocks', members) }),
    ...(port !== 0 && { port }),
    ...scored(scores, 'network', network),
  };
}
