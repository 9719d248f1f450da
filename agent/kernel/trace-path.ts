/** Changes of names and attributes, in words. */
import type { NamedFile } from '../../core/event/event.ts';
import type { PathEvent } from '../../core/event/path-event.ts';

const named = ({ path, resolved }: NamedFile): string => `${path}${resolved ? '' : '?'}`;

function describeChange(event: PathEvent): string {
  if (event.type === 'symlink') return `holds ${event.target}`;
  if (!('destination' in event.file)) return event.syscall.path;
  const { destination } = event.file;
  if ('path' in destination) return `to ${named(destination)}`;
  if ('mode' in destination) return `mode 0${destination.mode.toString(8)}`;
  return 'uid' in destination ? `owner ${destination.uid ?? '-'}:${destination.gid ?? '-'}` : destination.name;
}

/** A question mark behind a path: symbolic links in it were not followed. */
export function describePathEvent(event: PathEvent): string {
  return `${named(event.file)} ${describeChange(event)} = ${event.retval}`;
}
