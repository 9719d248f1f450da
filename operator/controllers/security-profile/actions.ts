/** What a person asks for by the annotation `workloadsecurity.dev/action`: carried out once, audited, and told. */
import { imageText } from '../../../core/image.ts';
import type { AuditedAction, AuditEntry } from '../../store/lifecycle.ts';
import type { ProfileDependencies } from './dependencies.ts';
import { actionUnknown, profileForgotten, profileRelearned, quarantineReleased } from './events.ts';
import type { AskedAction, ProfileObject } from './profile-object.ts';

/** @returns true if the object is gone, so that there is nothing left to reconcile */
export async function carryOut(
  object: ProfileObject,
  action: AskedAction,
  dependencies: ProfileDependencies,
): Promise<boolean> {
  const { api, announce } = dependencies;
  if (!isKnown(action.text)) {
    announce(actionUnknown(object, action));
    return false;
  }
  // The cache may still show what was carried out already, and what came since was not meant: detections, a new profile.
  const current = await api.read(object.name);
  if (current?.uid !== object.uid) return true;
  if (current.action?.text !== action.text) return false;
  switch (action.text) {
    case 'relearn':
      await relearn(object, action, dependencies);
      return true;
    case 'forget':
      await forget(object, action, dependencies);
      return true;
    case 'release':
      await release(object, action, dependencies);
      return false;
  }
}

type KnownAction = 'relearn' | 'forget' | 'release';

function isKnown(text: string): text is KnownAction {
  return text === 'relearn' || text === 'forget' || text === 'release';
}

/** A profile that is not ours (made by hand, or the store was lost) just goes, and what was learned meanwhile is published. */
async function relearn(object: ProfileObject, action: AskedAction, dependencies: ProfileDependencies): Promise<void> {
  const { store, clock, announce } = dependencies;
  const record = await store.profile(object.image);
  const isOurs = record !== undefined && (record.publishedUid === object.uid || !object.sealed);
  const note = isOurs
    ? `${record.snapshots} snapshots of ${record.containers} containers are in the archive`
    : 'an object that the operator had not learned was removed';
  const audit = entryOf('relearn', { object, actor: action.actor, at: clock.now(), note });
  if (isOurs) await store.archive(object.image, 'relearned', clock.now(), { audit });
  else await store.recordAudit(audit);
  announce(profileRelearned(object, { actor: action.actor, note }));
  await end('relearn', object, dependencies);
}

async function forget(object: ProfileObject, action: AskedAction, dependencies: ProfileDependencies): Promise<void> {
  const { store, clock, announce } = dependencies;
  const note = 'profile, snapshots, quarantine and archive of the image were removed';
  await store.forget(object.image, entryOf('forget', { object, actor: action.actor, at: clock.now(), note }));
  announce(profileForgotten(object, action.actor));
  await end('forget', object, dependencies);
}

/** Last of all the object goes, and its annotation with it: after a crash before that, everything is done once more. */
async function end(
  action: 'relearn' | 'forget',
  object: ProfileObject,
  dependencies: ProfileDependencies,
): Promise<void> {
  const { api, last, metrics, log } = dependencies;
  await api.remove(object.name, object.uid);
  last.delete(imageText(object.image));
  metrics.actions.inc({ action });
  log.info({ profile: object.name, action }, 'carried out what was asked for by annotation');
}

async function release(object: ProfileObject, action: AskedAction, dependencies: ProfileDependencies): Promise<void> {
  const { store, api, clock, announce, metrics } = dependencies;
  const marks = (await store.quarantined(object.image)).length;
  const at = clock.now();
  const note = object.sealed
    ? `${marks} marks; the sealed profile stays as it is: relearn to publish what was released`
    : `${marks} marks`;
  const entry = entryOf('release', { object, actor: action.actor, at, note });
  // Each release is one of its own: there may be many of one object.
  const released = await store.release(object.image, { ...entry, key: `${entry.key}/${at}` });
  announce(quarantineReleased(object, { actor: action.actor, released }));
  metrics.actions.inc({ action: 'release' });
  await api.clearAction(object.name, action.text);
}

interface Circumstances {
  readonly object: Pick<ProfileObject, 'uid' | 'name' | 'image'>;
  readonly actor: string;
  readonly at: number;
  readonly note: string;
}

/** One object can be relearned, forgotten or deleted once, however often that is tried. */
export function entryOf(action: AuditedAction, { object, actor, at, note }: Circumstances): AuditEntry {
  return { key: `${object.uid}/${action}`, at, action, actor, image: object.image, name: object.name, note };
}
