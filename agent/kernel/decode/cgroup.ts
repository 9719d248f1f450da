import type { CgroupEvent } from '../../../core/event/event.ts';
import type { BootClock } from '../clock.ts';
import { layouts } from '../record-layout.ts';
import { readU64, splitStrings } from './record-view.ts';
import type { RecordView } from './record-view.ts';

const header = layouts.record_header.members;
const cgroup = layouts.record_cgroup.members;

export function decodeCgroup(record: RecordView, clock: BootClock, type: CgroupEvent['type']): CgroupEvent {
  const { bytes, data, start, end } = record;
  const pathAt = start + cgroup.data;
  const pathEnd = Math.min(pathAt + data.getUint16(start + cgroup.path_size, true), end);
  return {
    type,
    timestamp: clock.toEpochMs(readU64(data, start + header.time)),
    cgroupId: data.getBigUint64(start + header.cgroup, true),
    parentCgroupId: data.getBigUint64(start + cgroup.parent, true),
    path: splitStrings(bytes, pathAt, pathEnd)[0] ?? '',
  };
}
