/** Decoders of the records of calls, by record type, with the size of their fixed parts. */
import type { CallEvent } from '../../../core/event/event.ts';
import { layouts, RecordType } from '../record-layout.ts';
import type { EventHeader } from './header.ts';
import { decodeMount, decodePivotRoot, decodeSetns, decodeUmount, decodeUnshare } from './namespace-calls.ts';
import {
  decodeCapset,
  decodeMemfdCreate,
  decodeMmap,
  decodeMprotect,
  decodePrctl,
  decodeProcessVm,
  decodePtrace,
  decodeSetCredentials,
  decodeSetrlimit,
  decodeSignal,
} from './process-calls.ts';
import type { RecordView } from './record-view.ts';
import {
  decodeBpf,
  decodeCgroupWrite,
  decodeCompatCall,
  decodeLoadModule,
  decodePerfEventOpen,
  decodeSplice,
  decodeSysctl,
  decodeSystemCall,
  decodeUnloadModule,
} from './system-calls.ts';

type Decode = (record: RecordView, header: EventHeader) => CallEvent | undefined;

const plain = layouts.record_call.size;
const ofFile = layouts.record_file_call.size;
const ofCredentials = layouts.record_credentials_call.size;

export const callDecoders: readonly (readonly [type: number, size: number, decode: Decode])[] = [
  [RecordType.mount, ofFile, decodeMount],
  [RecordType.umount, plain, decodeUmount],
  [RecordType.pivotRoot, plain, decodePivotRoot],
  [RecordType.unshare, plain, decodeUnshare],
  [RecordType.setns, ofFile, decodeSetns],
  [RecordType.ptrace, plain, decodePtrace],
  [RecordType.processVm, plain, decodeProcessVm],
  [RecordType.signal, plain, decodeSignal],
  [RecordType.prctl, plain, decodePrctl],
  [RecordType.memfdCreate, plain, decodeMemfdCreate],
  [RecordType.mmap, ofFile, decodeMmap],
  [RecordType.mprotect, ofFile, decodeMprotect],
  [RecordType.splice, ofFile, decodeSplice],
  [RecordType.bpf, layouts.record_bpf.size, decodeBpf],
  [RecordType.perfEventOpen, plain, decodePerfEventOpen],
  [RecordType.loadModule, ofFile, decodeLoadModule],
  [RecordType.unloadModule, plain, decodeUnloadModule],
  [RecordType.setuid, ofCredentials, (record, header) => decodeSetCredentials(record, header, 'setuid')],
  [RecordType.setgid, ofCredentials, (record, header) => decodeSetCredentials(record, header, 'setgid')],
  [RecordType.capset, ofCredentials, decodeCapset],
  [RecordType.setrlimit, plain, decodeSetrlimit],
  [RecordType.cgroupWrite, ofFile, decodeCgroupWrite],
  [RecordType.sysctl, ofFile, decodeSysctl],
  [RecordType.systemCall, plain, decodeSystemCall],
  [RecordType.compatCall, plain, decodeCompatCall],
];
