import type { FileFacts, FilePath } from '../../../core/event/event.ts';
import { layouts } from '../record-layout.ts';
import { decodePath } from './path.ts';
import { readU64, splitStrings } from './record-view.ts';
import type { RecordView } from './record-view.ts';

const { members } = layouts.record_file;

/** @param at offset of a struct record_file */
export function decodeFacts({ bytes, data }: RecordView, at: number): FileFacts {
  const name = at + members.filesystem;
  return {
    inode: readU64(data, at + members.inode),
    device: data.getUint32(at + members.device, true),
    mode: data.getUint32(at + members.mode, true),
    uid: data.getUint32(at + members.uid, true),
    gid: data.getUint32(at + members.gid, true),
    mountId: data.getUint32(at + members.mount_id, true),
    filesystem: splitStrings(bytes, name, at + members.path)[0] ?? '',
    modifiedAt: readU64(data, at + members.modified_at) / 1e6,
    changedAt: readU64(data, at + members.changed_at) / 1e6,
    inUpperLayer: data.getUint8(at + members.upper_layer) !== 0,
  };
}

/** @param start offset of the path's bytes */
export function decodeFilePath(record: RecordView, at: number, start: number, facts: FileFacts): FilePath {
  return decodePath(record, at + members.path, start, facts);
}
