/** How a SecurityProfile shall look, from what the store knows. Pure. */
import type { Image } from '../../../core/image.ts';
import { lostRecords } from '../../../core/profile/completeness.ts';
import type { Publication } from '../../../core/profile/publication.ts';
import type { QuarantineMark } from '../../../core/profile/quarantine.ts';
import { learningEndsAt } from '../../../core/profile/sealing.ts';
import type { LabelValues, SecurityProfileSpec, SecurityProfileStatus } from '../../../crds/security-profile.ts';
import { compiledField } from '../../learning/compiled-status.ts';
import type { Refusal } from '../../store/lifecycle.ts';
import type { Settings } from '../../settings.ts';
import type { OtherBuilds } from '../../learning/new-digests.ts';
import type { ProfileRecord } from '../../store/store.ts';
import { nextConditions, timestamp, type ConditionFacts } from '../conditions.ts';
import { completeCondition } from './complete.ts';
import { labelsField, type Overlay, overlayConditions, overlayTypes } from './overlay.ts';
import { schedulingOf, type SchedulingFacts } from './scheduling.ts';
import { shareConditions, shareType } from './share.ts';

export function desiredSpec(record: ProfileRecord, publication: Publication): SecurityProfileSpec {
  const { name, tag } = record.image;
  return {
    image: { name, tag },
    ...(record.state === 'stable' && { sealed: true }),
    behavior: publication.behavior,
    evidence: publication.evidence,
  };
}

/** When a status is made, and of which generation of the spec. */
export interface StatusTime {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly generation: number;
}

export interface StatusContext extends StatusTime {
  readonly record: ProfileRecord;
  readonly publication: Publication;
  /** The API server stored another spec than was written. */
  readonly isAltered: boolean;
  readonly settings: Settings;
  readonly otherBuilds: OtherBuilds;
  readonly refusals: readonly Refusal[];
  readonly marks: readonly QuarantineMark[];
  readonly scheduling: SchedulingFacts;
  readonly labels: readonly LabelValues[] | undefined;
  readonly previous: SecurityProfileStatus;
  /** When the content changed last, RFC 3339. */
  readonly lastUpdated: string;
}

export function desiredStatus(context: StatusContext): SecurityProfileStatus {
  const { record, publication, generation, now, lastUpdated } = context;
  const { behavior, evidence, commonality, recurrence } = publication;
  const { losses, lostPeriods } = evidence.completeness;
  const known = (kind: 'processes' | 'files' | 'dns' | 'network'): number =>
    behavior[kind].length + evidence.omitted[kind];
  const { quarantined } = publication;
  const wanted = [
    context.isAltered ? alteredCondition : readyCondition,
    stableCondition(context),
    completeCondition(evidence),
    ...overlayConditions({ ...context, quarantined }),
    ...shareConditions(record.name, context.refusals),
  ];
  return {
    state: record.state === 'stable' ? 'Stable' : 'Learning',
    snapshots: evidence.snapshots,
    containers: evidence.containers,
    ...(commonality !== undefined && { commonality }),
    ...(recurrence !== undefined && { recurrence }),
    nodes: evidence.nodes,
    processes: known('processes'),
    files: known('files'),
    dns: known('dns'),
    network: known('network'),
    ...(quarantined > 0 && { quarantined }),
    ...compiledField(record),
    ...labelsField(context.labels, context.previous),
    lost: Math.min(lostRecords(losses) + lostPeriods, Number.MAX_SAFE_INTEGER),
    scheduling: schedulingOf(context.scheduling),
    lastUpdated,
    observedGeneration: generation,
    conditions: nextConditions(context.previous.conditions ?? [], wanted, { now, generation }),
  };
}

/** Learning, incomplete and the like never make it False: tools that wait for Ready would wait for days. */
const readyCondition: ConditionFacts = {
  type: 'Ready',
  status: 'True',
  reason: 'Published',
  message: 'The profile holds what was learned.',
};

const alteredCondition: ConditionFacts = {
  type: 'Ready',
  status: 'False',
  reason: 'SpecAltered',
  message:
    'The API server stores another spec than what was learned: an admission webhook or policy changes it, or the CustomResourceDefinition is not of the version of the operator. Exempt SecurityProfiles from it, or apply the CustomResourceDefinitions again; then the next change of the profile is published as it was learned. If it is sealed, delete it to learn anew.',
};

function stableCondition({ record, settings }: StatusContext): ConditionFacts {
  if (record.state === 'stable') {
    const when = record.sealedAt === undefined ? '' : ` since ${timestamp(record.sealedAt)}`;
    const message = `Sealed${when} after ${record.countedSnapshots} counted snapshots; delete the profile to learn anew.`;
    return { type: 'Stable', status: 'True', reason: 'Sealed', message };
  }
  const { snapshots } = settings.learning;
  const end = timestamp(learningEndsAt(record, settings.learning));
  const message = `${record.countedSnapshots} of ${snapshots} counted snapshots; learning ends at ${end} at the latest.`;
  return { type: 'Stable', status: 'False', reason: 'Learning', message };
}

/** A sealed object with the overlay of now: everything else of its status stays as it was, once it is there. */
export function overlaidStatus(
  previous: SecurityProfileStatus,
  { scheduling, ...overlay }: Overlay & Pick<StatusContext, 'scheduling'>,
  at: StatusTime,
): SecurityProfileStatus {
  const { conditions = [], quarantined: _, labels: __, compiled: ___, ...rest } = previous;
  const others = conditions.filter(({ type }) => !overlayTypes.includes(type));
  const { quarantined } = overlay;
  return {
    ...rest,
    ...labelsField(overlay.labels, previous),
    ...(quarantined > 0 && { quarantined }),
    ...compiledField(overlay.record),
    scheduling: previous.scheduling ?? schedulingOf(scheduling),
    conditions: [...others, ...nextConditions(conditions, overlayConditions(overlay), at)],
  };
}

/** An object that is learned, of which nothing else has changed than whose snapshots are refused. */
export function refusedStatus(
  { name, status }: { readonly name: string; readonly status: SecurityProfileStatus },
  refusals: readonly Refusal[],
  at: StatusTime,
): SecurityProfileStatus {
  const { conditions = [] } = status;
  const others = conditions.filter(({ type }) => type !== shareType);
  if (refusals.length === 0 && others.length === conditions.length) return status;
  return { ...status, conditions: [...others, ...nextConditions(conditions, shareConditions(name, refusals), at)] };
}

/** Status of an object whose image has its profile under another name. */
export function duplicateStatus(previous: SecurityProfileStatus, name: string, at: StatusTime): SecurityProfileStatus {
  const message = `The profile of this image is ${name}; nothing uses this object. Delete it.`;
  const facts = { reason: 'Duplicate', message };
  const wanted: ConditionFacts[] = [
    { type: 'Ready', status: 'True', ...facts },
    { type: 'Duplicate', status: 'True', ...facts },
  ];
  return withConditions({}, previous, wanted, at);
}

/** Status of an object that the store does not back: it was made by hand, or the store was lost. */
export function degradedStatus(
  object: { readonly image: Image; readonly sealed: boolean; readonly status: SecurityProfileStatus },
  at: StatusTime,
): SecurityProfileStatus {
  const message = object.sealed
    ? 'What this sealed profile holds is not what the operator learned: it was sealed or created by hand, or the store was lost. It still serves as it is; delete it, or annotate it with workloadsecurity.dev/action=relearn, to publish what is learned.'
    : 'The operator learned nothing of this: the profile was created by hand, or the store was lost. It is replaced as soon as something is learned.';
  const stable: ConditionFacts = object.sealed
    ? { type: 'Stable', status: 'True', reason: 'Sealed', message: 'The profile is sealed.' }
    : { type: 'Stable', status: 'False', reason: 'Learning', message: 'No snapshots yet.' };
  const wanted: ConditionFacts[] = [
    { ...readyCondition, reason: 'Kept', message: 'The profile is kept as it is.' },
    stable,
    { type: 'Degraded', status: 'True', reason: 'NotLearned', message },
  ];
  const { state: _, scheduling: __, compiled: ___, ...kept } = object.status;
  return withConditions({ ...kept, state: object.sealed ? 'Stable' : 'Learning' }, object.status, wanted, at);
}

function withConditions(
  status: SecurityProfileStatus,
  previous: SecurityProfileStatus,
  wanted: readonly ConditionFacts[],
  at: StatusTime,
): SecurityProfileStatus {
  const conditions = nextConditions(previous.conditions ?? [], wanted, at);
  return { ...status, observedGeneration: at.generation, conditions };
}

/** The status with scheduling of now, and nothing else changed. */
export function rescheduledStatus(previous: SecurityProfileStatus, scheduling: SchedulingFacts): SecurityProfileStatus {
  return { ...previous, scheduling: schedulingOf(scheduling) };
}
