/** Calls in one line, for {@link file://./trace.ts}. */
import type { CallEvent } from '../../core/event/event.ts';

/** What all calls share, and what the line begins with anyway. */
const shared: ReadonlySet<string> = new Set([
  'type',
  'timestamp',
  'purpose',
  'approver',
  'cgroupId',
  'mountNamespace',
  'process',
  'tid',
  'uid',
  'call',
  'retval',
]);

function shown(value: unknown): string {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  if (Array.isArray(value)) return `[${value.map(shown).join(' ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if ('path' in value) return shown(value.path);
  return `{${Object.entries(value)
    .map(([name, each]) => `${name}=${shown(each)}`)
    .join(' ')}}`;
}

export function describeCall(event: CallEvent): string {
  const fields = Object.entries(event).filter(([name]) => !shared.has(name));
  return `${event.call} ${fields.map(([name, value]) => `${name}=${shown(value)}`).join(' ')} = ${event.retval}`;
}
