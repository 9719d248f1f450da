/** What single events show, in the forms that a profile has: the ones that the activity tree would have put them in. */
import { canonicalPath } from '../activity/file-activity.ts';
import { questionName } from '../activity/dns-activity.ts';
import { type Endpoint, endpointOf, ephemeralFrom } from '../activity/endpoints.ts';
import { accessOf, socketAccessOf, usesOf } from '../activity/file-access.ts';
import type { BehaviourEvent, FilePath } from '../event/event.ts';
import { isUnixSocket, type DnsEvent, type SocketEvent, type UnixSocketEvent } from '../event/network-events.ts';
import { isPathEvent, type PathEvent } from '../event/path-event.ts';

export interface ObservedFile {
  readonly kind: 'file';
  readonly path: string;
  /** Bits by place in the list of accesses. */
  readonly access: number;
  /** Part of the path is missing. */
  readonly truncated: boolean;
}

export interface ObservedQuestion {
  readonly kind: 'dns';
  readonly name: string;
}

export interface ObservedEndpoint extends Omit<Endpoint, 'peer'> {
  readonly kind: 'network';
  /** Address of who called; only for accept. */
  readonly caller?: string;
  /**
   * Whom the profile would call it: text of the peer of a connect, class of the peer of an accept. Absent where nobody
   * resolved the address. A `port` goes with it: that of the service, if the peer is one.
   */
  readonly peer?: string;
}

export type Observed = ObservedFile | ObservedQuestion | ObservedEndpoint;

/** Everything that one event shows below its process; nothing for exec, fork and exit, which move processes in their lineage. */
export function observedIn(event: BehaviourEvent): readonly Observed[] {
  if (event.type === 'exec' || event.type === 'fork' || event.type === 'exit') return [];
  if (event.type === 'open') return [observedFile(event.file, accessOf(event))];
  if (event.type === 'dns') return questionsOf(event);
  if (isPathEvent(event)) return changesOf(event);
  return isUnixSocket(event) ? unixSocketOf(event) : conversationOf(event);
}

function observedFile({ path, truncated }: Pick<FilePath, 'path' | 'truncated'>, access: number): ObservedFile {
  return { kind: 'file', path: canonicalPath(path), access, truncated };
}

function changesOf(event: PathEvent): ObservedFile[] {
  const truncated = event.file.truncated || ('destination' in event.file && isCut(event.file.destination));
  return usesOf(event).map(({ path, access }) => observedFile({ path, truncated }, access));
}

function isCut(destination: object): boolean {
  return 'truncated' in destination && destination.truncated === true;
}

function unixSocketOf(event: UnixSocketEvent): ObservedFile[] {
  return event.file === undefined ? [] : [observedFile(event.file, socketAccessOf(event))];
}

function questionsOf({ direction, questions }: DnsEvent): ObservedQuestion[] {
  return direction === 'query' ? questions.map(({ name }) => ({ kind: 'dns', name: questionName(name) })) : [];
}

function conversationOf(event: SocketEvent): ObservedEndpoint[] {
  const seen = endpointOf(event);
  if (seen === undefined || isUndecidedBind(seen)) return [];
  const { peer: caller, ...endpoint } = seen;
  return [{ kind: 'network', ...endpoint, ...(caller !== undefined && { caller }) }];
}

/** Whether a TCP socket with a port that the kernel chose is a server's, only its `listen` tells. */
function isUndecidedBind({ direction, protocol, port }: Endpoint): boolean {
  return direction === 'bind' && protocol !== 'udp' && (port === 0 || port >= ephemeralFrom);
}
