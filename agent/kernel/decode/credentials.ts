import type { Credentials } from '../../../core/event/event.ts';
import { layouts } from '../record-layout.ts';
import type { RecordView } from './record-view.ts';

const credentials = layouts.record_credentials.members;

/** What audit writes for "nobody". */
const NO_LOGIN = 0xffff_ffff;

/** @param from offset of a struct record_credentials */
export function decodeCredentials({ data }: RecordView, from: number): Credentials {
  const id = (member: keyof typeof credentials): number => data.getUint32(from + credentials[member], true);
  const auid = id('login_uid');
  return {
    uid: id('uid'),
    gid: id('gid'),
    euid: id('euid'),
    egid: id('egid'),
    fsuid: id('fsuid'),
    fsgid: id('fsgid'),
    auid: auid === NO_LOGIN ? undefined : auid,
    capEffective: data.getBigUint64(from + credentials.cap_effective, true),
    capPermitted: data.getBigUint64(from + credentials.cap_permitted, true),
  };
}
