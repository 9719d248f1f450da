import type { BehaviourEvent } from '../../../core/event/event.ts';
import type { BootClock } from '../clock.ts';
import { layouts } from '../record-layout.ts';
import { readU64 } from './record-view.ts';
import type { RecordView } from './record-view.ts';

const { members } = layouts.record_header;

/** What all events of tasks share. */
export type EventHeader = Pick<
  BehaviourEvent,
  'timestamp' | 'purpose' | 'approver' | 'cgroupId' | 'mountNamespace' | 'process' | 'tid' | 'uid'
>;

export function decodeHeader({ data, start }: RecordView, clock: BootClock): EventHeader {
  return {
    timestamp: clock.toEpochMs(readU64(data, start + members.time)),
    purpose: data.getUint8(start + members.purpose),
    approver: data.getUint32(start + members.approver, true),
    cgroupId: data.getBigUint64(start + members.cgroup, true),
    mountNamespace: data.getUint32(start + members.mount_namespace, true),
    process: {
      pid: data.getUint32(start + members.pid, true),
      startedAt: readU64(data, start + members.started_at),
      execId: data.getUint32(start + members.exec_id, true),
    },
    tid: data.getUint32(start + members.tid, true),
    uid: data.getUint32(start + members.uid, true),
  };
}
