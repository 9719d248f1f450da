/** Kubernetes Events about profiles: what happened to an object, for whoever describes it. State changes only. */
import type { ObjectEvent } from '../../kube/event-recorder.ts';
import type { ProfileRecord } from '../../store/store.ts';
import type { Held } from '../../learning/relearning.ts';
import { securityProfiles } from '../resources.ts';
import { heldText } from './overlay.ts';
import type { AskedAction } from './profile-object.ts';

type About = Pick<ProfileRecord, 'name'>;
type Learned = Pick<ProfileRecord, 'name' | 'snapshots' | 'containers'>;

function about({ name }: About, uid: string | undefined): Pick<ObjectEvent, 'resource' | 'regarding'> {
  return { resource: securityProfiles, regarding: { name, ...(uid !== undefined && { uid }) } };
}

export function profileSealed(record: Learned, uid: string): ObjectEvent {
  return {
    ...about(record, uid),
    type: 'Normal',
    reason: 'ProfileSealed',
    action: 'Seal',
    note: `Stable after ${record.snapshots} snapshots of ${record.containers} containers; the spec cannot change any more.`,
  };
}

export function profileRestored(record: About, uid: string): ObjectEvent {
  return {
    ...about(record, uid),
    type: 'Warning',
    reason: 'ProfileRestored',
    action: 'Restore',
    note: 'Somebody edited the spec while it is learned; what was learned has been written back.',
  };
}

export function learningRestarted(record: Learned, uid: string | undefined): ObjectEvent {
  return {
    ...about(record, uid),
    type: 'Warning',
    reason: 'LearningRestarted',
    action: 'Relearn',
    note: `The object was deleted: ${record.snapshots} snapshots are in the archive, and learning begins anew.`,
  };
}

interface Published {
  readonly name: string;
  readonly uid: string;
}

export function profileRelearned(
  object: Published,
  { actor, note }: { readonly actor: string; readonly note: string },
): ObjectEvent {
  return {
    ...about(object, object.uid),
    type: 'Normal',
    reason: 'LearningRestarted',
    action: 'Relearn',
    note: `Asked for by ${actor}: ${note}; learning begins anew.`,
  };
}

export function profileForgotten(object: Published, actor: string): ObjectEvent {
  return {
    ...about(object, object.uid),
    type: 'Normal',
    reason: 'ProfileForgotten',
    action: 'Forget',
    note: `Asked for by ${actor}: profile, snapshots, quarantine and archive of the image are removed.`,
  };
}

export function quarantineReleased(
  object: Published,
  { actor, released }: { readonly actor: string; readonly released: number },
): ObjectEvent {
  return {
    ...about(object, object.uid),
    type: 'Normal',
    reason: 'QuarantineReleased',
    action: 'Release',
    note: released === 0 ? 'Nothing was quarantined.' : `Asked for by ${actor}: ${released} marks are gone.`,
  };
}

export function actionUnknown(object: Published, action: AskedAction): ObjectEvent {
  return {
    ...about(object, object.uid),
    type: 'Warning',
    reason: 'ActionUnknown',
    action: 'Ignore',
    note: `${action.actor} asks for "${action.text}"; there are relearn, forget and release.`,
  };
}

export function actionOnDuplicate(object: Published, action: AskedAction, name: string): ObjectEvent {
  return {
    ...about(object, object.uid),
    type: 'Warning',
    reason: 'ActionRefused',
    action: 'Ignore',
    note: `${action.actor} asks for "${action.text}" of an object that nothing uses: the profile of this image is ${name}.`,
  };
}

export function newBuildRelearned(record: Learned, uid: string | undefined, digests: readonly string[]): ObjectEvent {
  return {
    ...about(record, uid),
    type: 'Normal',
    reason: 'LearningRestarted',
    action: 'Relearn',
    note: `Another build runs under the tag (${digests.slice(0, 4).join(', ')}): ${record.snapshots} snapshots of the old one are in the archive, and learning begins anew.`,
  };
}

export function relearningHeld(
  record: About,
  uid: string | undefined,
  held: Exclude<Held, { why: 'rollout' }>,
): ObjectEvent {
  return {
    ...about(record, uid),
    type: 'Warning',
    reason: 'RelearningHeld',
    action: 'Keep',
    note: `Another build runs under the tag, and the profile stays. ${heldText(record.name, held)}`,
  };
}

export function profileArchived(record: About, uid: string | undefined, why: string): ObjectEvent {
  return {
    ...about(record, uid),
    type: 'Normal',
    reason: 'ProfileArchived',
    action: 'Archive',
    note: `${why}: the profile is in the archive, and comes back when its image runs again.`,
  };
}

export function profileReturned(record: About): ObjectEvent {
  return {
    ...about(record, undefined),
    type: 'Normal',
    reason: 'ProfileReturned',
    action: 'Return',
    note: 'The image runs again: the profile is back from the archive, as it was.',
  };
}
