import type { CapabilityEvent } from '../../../core/event/event.ts';
import { layouts } from '../record-layout.ts';
import type { EventHeader } from './header.ts';
import type { RecordView } from './record-view.ts';

const { members } = layouts.record_capability;

/** The kernel's masks have 64 bits. */
const HIGHEST = 63;

export function decodeCapability({ data, start }: RecordView, header: EventHeader): CapabilityEvent | undefined {
  const number = data.getUint32(start + members.capability, true);
  if (number > HIGHEST) return undefined;
  const attempted = 1n << BigInt(number);
  const granted = data.getUint8(start + members.granted) !== 0;
  const userNamespace = data.getUint32(start + members.user_namespace, true);
  return { type: 'capability', ...header, attempted, used: granted ? attempted : 0n, userNamespace };
}
