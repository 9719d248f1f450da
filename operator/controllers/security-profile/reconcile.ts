/**
 * Brings the SecurityProfile of one image in line with the store: seals what is learned, publishes what changed, takes back
 * what others edited, and learns anew what somebody deleted.
 */
import { imageFromText, imageText, type Image } from '../../../core/image.ts';
import { objectName } from '../../../core/profile/object-name.ts';
import { isLearned, learningEndsAt } from '../../../core/profile/sealing.ts';
import { TerminalError, type ReconcileResult } from '../../kube/controller.ts';
import type { ProfileRecord } from '../../store/store.ts';
import { carryOut, entryOf } from './actions.ts';
import type { ProfileDependencies } from './dependencies.ts';
import { degradedStatus, duplicateStatus } from './desired.ts';
import { actionOnDuplicate, learningRestarted } from './events.ts';
import type { ProfileObject } from './profile-object.ts';
import { publishProfile } from './publish.ts';
import { updateStatus } from './status.ts';

/** @param key text of an image, `name:tag` */
export async function reconcileProfile(key: string, dependencies: ProfileDependencies): Promise<ReconcileResult> {
  const image = imageFromText(key);
  if (image === undefined) throw new TerminalError(`${key} is not name:tag`);
  const name = objectName(image);
  const cached = await settleObjects(key, name, dependencies);
  if (cached === 'gone') return {};
  const learned = await sealIfLearned(image, dependencies);
  if (learned === undefined) return keepUnknown(key, cached, dependencies);
  const { record, again } = await compiledIfSealed(learned, dependencies);

  // The cache may not show yet what was just created: only the API server's word makes us forget.
  const isPublished = record.publishedUid !== undefined;
  const object = cached ?? (isPublished ? await dependencies.api.read(name) : undefined);
  if (object === undefined && isPublished) return learnAnew(record, dependencies);
  if (object?.sealed === true && record.state === 'learning') return keepSealedByHand(object, record, dependencies);
  const result = await publishProfile(key, record, object, dependencies);
  return sooner(sooner(result, again), untilLearned(record, dependencies));
}

/** The object of the image, when everything is done that concerns objects alone; `gone` if it was removed. */
async function settleObjects(
  key: string,
  name: string,
  dependencies: ProfileDependencies,
): Promise<ProfileObject | 'gone' | undefined> {
  const { api, store, announce } = dependencies;
  const objects = api.withImage(key);
  for (const object of objects) {
    if (object.name === name) continue;
    await updateStatus(object, (at) => duplicateStatus(object.status, name, at), dependencies);
    if (object.action !== undefined) announce(actionOnDuplicate(object, object.action, name));
  }
  const object = objects.find((one) => one.name === name);
  if (object === undefined) return undefined;
  if (object.action !== undefined && (await carryOut(object, object.action, dependencies))) return 'gone';
  const isCurrent = (await store.profile(object.image))?.publishedUid === object.uid;
  if (isCurrent || !(await isArchived(object, dependencies))) return object;
  await api.remove(name, object.uid);
  return 'gone';
}

/** Its profile went into the archive, so the object goes too. */
async function isArchived(object: ProfileObject, { store }: ProfileDependencies): Promise<boolean> {
  const archived = await store.archived(object.image);
  return archived.some(({ profile }) => profile.publishedUid === object.uid);
}

/** The record as it is afterwards; undefined if the store knows nothing of the image. */
async function sealIfLearned(image: Image, dependencies: ProfileDependencies): Promise<ProfileRecord | undefined> {
  const { store, settings, clock, metrics, log } = dependencies;
  const record = await store.profile(image);
  if (record?.state !== 'learning' || !isLearned(record, settings().learning, clock.settled())) return record;
  // False: a snapshot came in between. It counts, and its own reconciliation seals.
  // The time of sealing decides later when the profile may be given up, so it is none that nobody believes yet.
  if (await store.seal(image, record.version, clock.settled())) {
    metrics.sealed.inc();
    log.info({ profile: record.name, snapshots: record.countedSnapshots }, 'profile is stable');
  }
  return store.profile(image);
}

/** What needs memory that others have now: they have it for seconds, seldom for minutes. */
const compileLaterMs = 60_000;

interface Compiling {
  readonly record: ProfileRecord;
  /** Empty unless it has to be tried again. */
  readonly again: ReconcileResult;
}

/** Before it is published, so that its status says it at once. What changes meanwhile brings the key back. */
async function compiledIfSealed(record: ProfileRecord, { compiled }: ProfileDependencies): Promise<Compiling> {
  if (record.state !== 'stable') return { record, again: {} };
  const { compiled: _, ...rest } = record;
  const facts = await compiled(record);
  if (facts === 'later') return { record: rest, again: { requeueAfterMs: compileLaterMs } };
  return { record: facts === undefined ? rest : { ...rest, compiled: facts }, again: {} };
}

/** An object without a profile in the store stays as it is: it may serve, and it is not ours to delete. */
async function keepUnknown(
  key: string,
  object: ProfileObject | undefined,
  dependencies: ProfileDependencies,
): Promise<ReconcileResult> {
  dependencies.last.delete(key);
  if (object !== undefined) await updateStatus(object, (at) => degradedStatus(object, at), dependencies);
  return {};
}

/**
 * Ours, and sealed by somebody: nothing more can be published of it, so nothing more is learned. Not ours, because the store
 * was lost or the object came from elsewhere: it serves as it is, while learning goes on.
 */
async function keepSealedByHand(
  object: ProfileObject,
  record: ProfileRecord,
  dependencies: ProfileDependencies,
): Promise<ReconcileResult> {
  const { store, clock, log } = dependencies;
  await updateStatus(object, (at) => degradedStatus(object, at), dependencies);
  if (record.publishedUid !== object.uid) return untilLearned(record, dependencies);
  // False: a snapshot came in between, and brings the key back.
  if (await store.seal(record.image, record.version, clock.settled())) {
    log.warn({ profile: record.name }, 'profile was sealed by hand: learning ends');
  }
  return {};
}

/** Deleting the object is how a person says so. */
async function learnAnew(record: ProfileRecord, dependencies: ProfileDependencies): Promise<ReconcileResult> {
  const { store, last, metrics, log, announce, clock } = dependencies;
  log.info({ profile: record.name, image: imageText(record.image) }, 'profile was deleted: learning begins anew');
  const object = { ...record, uid: record.publishedUid ?? '' };
  const note = `${record.snapshots} snapshots of ${record.containers} containers are in the archive`;
  // Whoever deleted it left no name: the object is gone with its managed fields.
  const audit = entryOf('delete', { object, actor: 'unknown', at: clock.now(), note });
  await store.archive(record.image, 'relearned', clock.now(), { audit });
  last.delete(imageText(record.image));
  metrics.forgotten.inc();
  announce(learningRestarted(record, record.publishedUid));
  return {};
}

function untilLearned(record: ProfileRecord, { settings, clock }: ProfileDependencies): ReconcileResult {
  // Without a counted snapshot time alone seals nothing, and the next snapshot brings the key back.
  if (record.state === 'stable' || record.countedSnapshots === 0) return {};
  return { requeueAfterMs: Math.max(1, learningEndsAt(record, settings().learning) - clock.settled()) };
}

function sooner(left: ReconcileResult, right: ReconcileResult): ReconcileResult {
  const requeueAfterMs = Math.min(left.requeueAfterMs ?? Infinity, right.requeueAfterMs ?? Infinity);
  return Number.isFinite(requeueAfterMs) ? { requeueAfterMs } : {};
}
