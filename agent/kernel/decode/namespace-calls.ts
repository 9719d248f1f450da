import type {
  MountEvent,
  PivotRootEvent,
  SetnsEvent,
  UmountEvent,
  UnshareEvent,
} from '../../../core/event/namespace-events.ts';
import type { Call } from './call.ts';
import { decodeCall, fileOfCall, stringsOfCall, stringsOfFileCall } from './call.ts';
import type { EventHeader } from './header.ts';
import type { RecordView } from './record-view.ts';

const OPEN_TREE_CLONE = 1;

type MountParts = Pick<MountEvent, 'flags'> & Partial<MountEvent>;

function mountParts(call: Call, strings: readonly string[], file: MountEvent['file']): MountParts {
  const [first = '', second = '', third = ''] = strings;
  switch (call.base.call) {
    case 'mount':
      return { source: first, mountpoint: second, fsType: third, flags: call.uint(3) };
    case 'open_tree':
      return { source: first, flags: call.uint(2), detached: (call.uint(2) & OPEN_TREE_CLONE) !== 0 };
    case 'move_mount':
      return { source: first, mountpoint: second, flags: call.uint(4), ...(file && { fsType: file.filesystem }) };
    case 'fsopen':
      return { fsType: first, flags: call.uint(1) };
    case 'fsconfig':
      return { flags: 0, option: { key: first, value: second } };
    case 'fsmount':
      return { flags: call.uint(2), detached: call.base.retval >= 0, ...(file && { fsType: file.filesystem }) };
    default:
      return { mountpoint: first, flags: call.uint(2) };
  }
}

export function decodeMount(record: RecordView, header: EventHeader): MountEvent {
  const call = decodeCall(record);
  const file = fileOfCall(record);
  return {
    type: 'mount',
    ...header,
    ...call.base,
    source: '',
    mountpoint: '',
    fsType: '',
    detached: false,
    ...mountParts(call, stringsOfFileCall(record, call), file),
    ...(file && { file }),
  };
}

export function decodeUmount(record: RecordView, header: EventHeader): UmountEvent {
  const call = decodeCall(record);
  const [mountpoint = ''] = stringsOfCall(record, call);
  return { type: 'umount', ...header, ...call.base, mountpoint, flags: call.uint(1) };
}

export function decodePivotRoot(record: RecordView, header: EventHeader): PivotRootEvent {
  const call = decodeCall(record);
  const [newRoot = '', putOld = ''] = stringsOfCall(record, call);
  return { type: 'pivot_root', ...header, ...call.base, newRoot, putOld };
}

export function decodeUnshare(record: RecordView, header: EventHeader): UnshareEvent {
  const call = decodeCall(record);
  return { type: 'unshare', ...header, ...call.base, flags: call.uint(0) };
}

export function decodeSetns(record: RecordView, header: EventHeader): SetnsEvent {
  const call = decodeCall(record);
  const file = fileOfCall(record);
  return { type: 'setns', ...header, ...call.base, flags: call.uint(1), ...(file && { file }) };
}
