/** Writes the SecurityProfile of one image: when, and what. */
import type { Image } from '../../../core/image.ts';
import type { QuarantineMark } from '../../../core/profile/quarantine.ts';
import type { SecurityProfileSpec } from '../../../crds/security-profile.ts';
import type { ReconcileResult } from '../../kube/controller.ts';
import type { ProfileRecord } from '../../store/store.ts';
import { timestamp } from '../conditions.ts';
import type { LastPublication, ProfileDependencies, WrittenSpec } from './dependencies.ts';
import {
  degradedStatus,
  desiredSpec,
  desiredStatus,
  overlaidStatus,
  rescheduledStatus,
  refusedStatus,
  type StatusContext,
  type StatusTime,
} from './desired.ts';
import { profileRestored, profileSealed } from './events.ts';
import { labelsField } from './overlay.ts';
import { specDigest, type ProfileObject } from './profile-object.ts';
import { isNews, schedulingOf } from './scheduling.ts';
import { updateStatus } from './status.ts';

/** Why an object is written: `restored` after an edit by somebody else. */
type Reason = 'new' | 'sealed' | 'restored' | 'changed';

/**
 * New and sealed profiles are written at once; changes once per interval; an edit is taken back at once, and those that follow
 * once per interval: whoever writes again and again shall not make us do so.
 * @param object as the informer or the API server shows it
 */
export async function publishProfile(
  key: string,
  record: ProfileRecord,
  object: ProfileObject | undefined,
  dependencies: ProfileDependencies,
): Promise<ReconcileResult> {
  const last = dependencies.last.get(key);
  const reason = reasonToPublish(record, object, last);
  if (reason === undefined) {
    return object === undefined ? {} : refresh(key, object, record, dependencies);
  }
  const wait = untilDue(reason, object, last, dependencies);
  if (wait > 0) {
    dependencies.metrics.postponed.inc({ reason: 'interval' });
    return { requeueAfterMs: wait };
  }
  // Before anything is read: of many that wait, all but one would read in vain.
  const debt = dependencies.bucket.wait(reason !== 'changed');
  if (debt > 0) {
    dependencies.metrics.postponed.inc({ reason: 'bytes' });
    return { requeueAfterMs: debt };
  }
  return write(key, { record, object, reason }, dependencies);
}

/** Undefined if there is nothing to do. */
function reasonToPublish(
  record: ProfileRecord,
  object: ProfileObject | undefined,
  last: LastPublication | undefined,
): Reason | undefined {
  if (object === undefined) return 'new';
  const isMarked = record.publishedUid === object.uid;
  if (record.state === 'stable') {
    // Nobody can change a sealed spec; what may be missing is the status or the mark, if we ended in between.
    return isMarked && object.sealed && object.status.state === 'Stable' ? undefined : 'sealed';
  }
  if (last === undefined || last.uid !== object.uid) return 'changed';
  // An older generation is the cache's delay, not an edit.
  if (object.generation >= last.generation && object.specDigest !== last.specDigest) return 'restored';
  return record.version === last.version && isMarked ? undefined : 'changed';
}

/** Milliseconds. */
function untilDue(
  reason: Reason,
  object: ProfileObject | undefined,
  last: LastPublication | undefined,
  dependencies: ProfileDependencies,
): number {
  if (reason === 'changed') return untilInterval(object, last, dependencies);
  return reason === 'restored' ? intervalAfter(last?.restoredAt ?? 0, dependencies) : 0;
}

/** Milliseconds until the profile may be written again. */
function untilInterval(
  object: ProfileObject | undefined,
  last: LastPublication | undefined,
  dependencies: ProfileDependencies,
): number {
  const written = Date.parse(object?.status.lastUpdated ?? '');
  return intervalAfter(Math.max(last?.at ?? 0, Number.isNaN(written) ? 0 : written), dependencies);
}

/** Milliseconds until an interval after `at` is over. The clock may have been set back: never more than one interval. */
function intervalAfter(at: number, { settings, clock }: ProfileDependencies): number {
  const interval = settings().publishing.intervalMs;
  return Math.min(interval, at + interval - clock.now());
}

interface Situation {
  readonly record: ProfileRecord;
  readonly object: ProfileObject | undefined;
  readonly reason: Reason;
}

async function write(key: string, situation: Situation, dependencies: ProfileDependencies): Promise<ReconcileResult> {
  const { store, clock, settings } = dependencies;
  const { object } = situation;
  const read = await store.evidence(situation.record.image);
  // Forgotten meanwhile: whoever did it brings the key back.
  if (read === undefined) return {};
  const { profile: record, evidence } = read;
  const [lostPeriods, quarantine] = await Promise.all([
    store.lostPeriods(record.image),
    store.quarantined(record.image),
  ]);
  const publication = await dependencies.publish(evidence, { lostPeriods, quarantine }, record.state);
  const spec = desiredSpec(record, publication);
  const digest = specDigest(spec);
  const isSame = object?.specDigest === digest;
  if (object?.sealed === true && !isSame) return keepSealed(object, dependencies);

  const written = isSame ? object : await writeSpec(spec, { ...situation, record }, dependencies);
  await mark(record, written.uid, store);
  const at = clock.now();
  const previous = object?.status ?? {};
  const status: Omit<StatusContext, keyof StatusTime> = {
    record,
    publication,
    isAltered: written.specDigest !== digest,
    settings: settings(),
    otherBuilds: dependencies.otherBuilds(record.image),
    marks: quarantine,
    scheduling: dependencies.scheduling(record.image),
    refusals: dependencies.refusals(record.image, record.firstSnapshotAt),
    labels: dependencies.labels(record.image),
    previous,
    lastUpdated: (isSame ? previous.lastUpdated : undefined) ?? timestamp(at),
  };
  const { uid, generation, specDigest: stored } = written;
  const target = { name: record.name, generation, status: previous };
  await updateStatus(target, (time) => desiredStatus({ ...status, ...time }), dependencies);
  // Last of all: what failed before is done again.
  const restoredAt = lastRestored(key, situation.reason, dependencies);
  dependencies.last.set(key, { version: record.version, uid, generation, specDigest: stored, at, restoredAt });
  // Whether it is still watched then is to be told also if nothing is learned until then.
  return record.state === 'stable' ? {} : { requeueAfterMs: settings().publishing.intervalMs };
}

function lastRestored(key: string, reason: Reason, { last, clock }: ProfileDependencies): number {
  return reason === 'restored' ? clock.now() : (last.get(key)?.restoredAt ?? 0);
}

async function writeSpec(
  spec: SecurityProfileSpec,
  { record, object, reason }: Situation,
  { api, bucket, metrics, announce }: ProfileDependencies,
): Promise<WrittenSpec> {
  const bytes = Buffer.byteLength(JSON.stringify(spec));
  bucket.spend(bytes);
  const applied = await api.applySpec(record.name, spec, object?.uid);
  metrics.publications.inc({ reason });
  metrics.publishedBytes.inc(bytes);
  if (reason === 'sealed') announce(profileSealed(record, applied.uid));
  if (reason === 'restored') announce(profileRestored(record, applied.uid));
  return applied;
}

/** What may be told of a profile whose content is as it was. */
async function refresh(
  key: string,
  object: ProfileObject,
  record: ProfileRecord,
  dependencies: ProfileDependencies,
): Promise<ReconcileResult> {
  if (object.sealed) {
    await refreshOverlay(object, record, dependencies);
    return {};
  }
  const refusals = dependencies.refusals(record.image, record.firstSnapshotAt);
  const { labels: _, ...status } = object.status;
  const labels = labelsField(dependencies.labels(record.image), object.status);
  const labelled = { ...object, status: { ...status, ...labels } };
  const isWritten = await updateStatus(object, (at) => refusedStatus(labelled, refusals, at), dependencies);
  // What was written brings the key back, with the status as it is then.
  return isWritten ? {} : refreshScheduling(key, object, dependencies);
}

/** What goes on beside a profile that cannot change any more: other builds, quarantine. */
async function refreshOverlay(
  object: ProfileObject,
  record: ProfileRecord,
  dependencies: ProfileDependencies,
): Promise<void> {
  const { image } = record;
  const scheduling = dependencies.scheduling(image);
  const marks = await dependencies.store.quarantined(image);
  const quarantined = await countQuarantined(image, marks, dependencies);
  const overlay = {
    record,
    otherBuilds: dependencies.otherBuilds(image),
    quarantined,
    marks,
    scheduling,
    labels: dependencies.labels(image),
  };
  await updateStatus(object, (at) => overlaidStatus(object.status, overlay, at), dependencies);
}

/**
 * Nothing was learned, which is when people ask why. Looked at in every interval and written at most once in each, within the
 * bytes of all: of 400 profiles whose reasons change every 5 min, 0.8 MB of status.
 */
async function refreshScheduling(
  key: string,
  object: ProfileObject,
  dependencies: ProfileDependencies,
): Promise<ReconcileResult> {
  const { settings, clock, bucket } = dependencies;
  const interval = settings().publishing.intervalMs;
  const facts = dependencies.scheduling(object.image);
  if (!isNews(object.status.scheduling, schedulingOf(facts))) return { requeueAfterMs: interval };
  const last = dependencies.last.get(key);
  const written = last && { ...last, at: Math.max(last.at, last.statusAt ?? 0) };
  const wait = Math.max(untilInterval(object, written, dependencies), bucket.wait(false));
  if (wait > 0) return { requeueAfterMs: wait };
  await updateStatus(object, () => rescheduledStatus(object.status, facts), dependencies);
  if (last !== undefined) dependencies.last.set(key, { ...last, statusAt: clock.now() });
  return { requeueAfterMs: interval };
}

/** Evidence is read only where there is something to count, which is rare. */
async function countQuarantined(
  image: Image,
  quarantine: readonly QuarantineMark[],
  { store, publish }: ProfileDependencies,
): Promise<number> {
  const read = quarantine.length === 0 ? undefined : await store.evidence(image);
  if (read === undefined) return 0;
  return (await publish(read.evidence, { lostPeriods: 0, quarantine }, read.profile.state)).quarantined;
}

/**
 * Sealed with other content than ours, by somebody else or by an older version of us: it cannot be changed. It is not
 * marked as ours either: whoever removes it wants what was learned to take its place.
 */
async function keepSealed(object: ProfileObject, dependencies: ProfileDependencies): Promise<ReconcileResult> {
  await updateStatus(object, (at) => degradedStatus(object, at), dependencies);
  return {};
}

async function mark(record: ProfileRecord, uid: string, store: ProfileDependencies['store']): Promise<void> {
  if (record.publishedUid !== uid) await store.markPublished(record.image, uid);
}
