/** Brings observation up on this node: the kernel programs, the cgroups of our pods, what belongs to the host. */
import { setTimeout } from 'node:timers/promises';
import type { Configuration } from './configuration.ts';
import { findOwnKubepods } from './identify/own-cgroup.ts';
import { mountNamespaceOf } from './identify/proc-baseline.ts';
import type { Capture } from './kernel/capture.ts';
import { openCapture } from './kernel/open-capture.ts';
import type { Log } from './log.ts';
import { createNodeView, type NodeView } from './observe/node-view.ts';

export interface NodeCapture {
  readonly capture: Capture;
  readonly view: NodeView;
  readonly hostMountNamespace: number;
  readonly ownPodUid?: string;
}

export interface BringUp {
  readonly configuration: Configuration;
  readonly log: Log;
  /** Called while there is something to wait for, with the reason. */
  readonly waiting: (reason: string) => void;
}

/**
 * Where the runtime works before it enters a container. In a pod our parent is the runtime's own shim; outside, whoever
 * started us, on the host like us. Process 1 and ourselves serve where the parent may not be looked at.
 */
function runtimeMountNamespace(hostProc: string, inPod: boolean): number {
  const candidates = [process.ppid, 1, ...(inPod ? [] : [process.pid])].filter((pid) => pid > 0);
  const reasons: string[] = [];
  for (const pid of candidates) {
    try {
      return mountNamespaceOf(hostProc, pid);
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(`the mount namespace of the runtime is unknown (is hostPID set?): ${reasons.join('; ')}`);
}

/** Kubelet makes its cgroups when it starts, which may be after us. */
const retryMs = 2_000;

/**
 * Resolves with undefined if `signal` is aborted before the pods of this node are found.
 * @throws Error if this kernel cannot be observed, with the reason of each variant.
 */
export async function bringUp(
  { configuration, log, waiting }: BringUp,
  signal: AbortSignal,
): Promise<NodeCapture | undefined> {
  const { blobFolder, ringBytes, tracefs, cgroupRoot, hostProc, kubepods: configured } = configuration;
  const capture = await openCapture({
    tracefs,
    cgroupRoot,
    ...(blobFolder === undefined ? {} : { blobFolder }),
    ...(ringBytes === undefined ? {} : { ringBytes }),
  });
  const { mountPoint } = capture.hierarchy;
  while (!signal.aborted) {
    const own = findOwnKubepods({ mountPoint, pid: process.pid, ...(configured === undefined ? {} : { configured }) });
    if (own.found) {
      const { kubepods, podUid } = own;
      log.info({ kubepods, mountPoint, variant: capture.variant, refusals: capture.refusals }, 'capture is ready');
      return {
        capture,
        view: createNodeView({ hostProc, mountPoint, kubepods }),
        hostMountNamespace: runtimeMountNamespace(hostProc, podUid !== undefined),
        ...(podUid === undefined ? {} : { ownPodUid: podUid }),
      };
    }
    waiting(own.reason);
    await setTimeout(retryMs);
  }
  capture.close();
  return undefined;
}
