/** Kubernetes Events about profiles: what happened to an object, for whoever describes it. State changes only. */
import type { ObjectEvent } from '../../kube/event-recorder.ts';
import type { ProfileRecord } from '../../store/store.ts';
import { securityProfiles } from '../resources.ts';

type About = Pick<ProfileRecord, 'name' | 'snapshots' | 'containers'>;

function about({ name }: About, uid: string | undefined): Pick<ObjectEvent, 'resource' | 'regarding'> {
  return { resource: securityProfiles, regarding: { name, ...(uid !== undefined && { uid }) } };
}

export function profileSealed(record: About, uid: string): ObjectEvent {
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

export function learningRestarted(record: About, uid: string | undefined): ObjectEvent {
  return {
    ...about(record, uid),
    type: 'Warning',
    reason: 'LearningRestarted',
    action: 'Forget',
    note: `The object was deleted: ${record.snapshots} snapshots are forgotten, and learning begins anew.`,
  };
}
