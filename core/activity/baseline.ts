/** What can be read in /proc of a container that the agent meets too late to see it start. */
import type { SocketAddress, SocketEvent } from '../event/network-events.ts';

export interface BaselineFile {
  /** As {@link FilePath.path}. */
  readonly path: string;
  /** `open(2)` flags of the descriptor. */
  readonly flags: number;
}

export interface BaselineProcess {
  readonly pid: number;
  readonly ppid: number;
  /** Pid in the innermost pid namespace: 1 is the container's own first process, or the pause process of a shared one. */
  readonly namespacePid: number;
  readonly executable: string;
  /** Inode; undefined if it could not be read any more. */
  readonly mountNamespace?: number;
  /** It has a controlling terminal. */
  readonly terminal: boolean;
  readonly argv: readonly string[];
  readonly files: readonly BaselineFile[];
  /** TCP sockets that listen and UDP sockets that are bound. */
  readonly sockets: readonly { readonly protocol: SocketEvent['protocol']; readonly local: SocketAddress }[];
}

/** Parents before their children, whatever the numbers (they wrap); parents outside of the list count as absent. */
export function parentsFirst(processes: readonly BaselineProcess[]): BaselineProcess[] {
  const byPid = new Map(processes.map((process) => [process.pid, process]));
  const ordered = new Set<BaselineProcess>();
  for (const process of processes) {
    const chain: BaselineProcess[] = [];
    let at: BaselineProcess | undefined = process;
    // /proc is read while it changes: a chain may seem to be a ring.
    while (at !== undefined && !ordered.has(at) && !chain.includes(at)) {
      chain.push(at);
      at = byPid.get(at.ppid);
    }
    for (const link of chain.toReversed()) ordered.add(link);
  }
  return [...ordered];
}
