/** A node for a real agent on this kernel: an operator that is played, a `kubepods` of its own, containers made of cgroups. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findHierarchy } from '../../agent/kernel/hierarchy.ts';
import { removeCgroup } from './observed-cgroup.ts';
import { PlayedContainer } from './played-container.ts';
import { PlayedOperator } from './played-operator.ts';
import { mountTracefs } from './requirements.ts';

export interface Machine {
  readonly operator: PlayedOperator;
  /** For files, gone with the machine. */
  readonly folder: string;
  /** Where tracefs is mounted. */
  readonly tracefs: string;
  /** The agent's own. */
  readonly agentCgroup: string;
  /** Of the pod of all containers. */
  readonly podUid: string;
  /** Of the pod that all containers belong to. */
  readonly podCgroup: string;
  /** With which the agent is started. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Makes the cgroup of another pod in a class of quality of service, or in none, as the guaranteed ones are. */
  pod(serviceClass: 'burstable' | 'besteffort' | ''): string;
  /** @param pod cgroup that {@link pod} made; that of `podUid` if absent */
  container(pod?: string): PlayedContainer;
  /** Starts the agent; a second time with the state of the first. */
  startAgent(): ChildProcess;
}

export interface MachineOptions {
  /** Program and arguments of the agent. */
  readonly agent: readonly string[];
  /** Its compiled eBPF programs. */
  readonly blobFolder: string;
  readonly folder: string;
  /** Is given what has to be undone at the end, the last one first. */
  readonly undo: (() => void | Promise<void>)[];
}

const podUid = '6f2c1a04-9d3e-4b7a-8c55-1e2f3a4b5c6d';

/** Runs in the cgroup, as the same process. */
const ENTER = 'echo 0 > "$0/cgroup.procs" && exec "$@"';

async function removeUpTo(top: string, path: string): Promise<void> {
  for (let at = path; at !== top; at = dirname(at)) await removeCgroup(at);
}

/** The agent gets a cgroup beside those of the pods, so that what the kernel charges to it can be told apart. */
export async function buildMachine({ agent, blobFolder, folder, undo }: MachineOptions): Promise<Machine> {
  const tracefs = mountTracefs();
  undo.push(() => tracefs.remove());
  const { mountPoint } = findHierarchy('/sys/fs/cgroup');
  const cluster = `/test-${randomBytes(6).toString('hex')}`;
  const pod = join(mountPoint, cluster, `kubepods/burstable/pod${podUid}`);
  const kubepods = join(mountPoint, cluster, 'kubepods');
  const agentCgroup = join(mountPoint, cluster, 'agent');
  mkdirSync(pod, { recursive: true });
  // Kubelet makes its classes when it starts, long before their pods.
  mkdirSync(join(kubepods, 'besteffort'));
  mkdirSync(agentCgroup);
  undo.push(async () => {
    await removeCgroup(agentCgroup);
    await removeCgroup(join(kubepods, 'besteffort'));
    await removeUpTo(mountPoint, pod);
  });
  const operator = new PlayedOperator();
  await operator.server.start();
  undo.push(async () => {
    await operator.server.stop();
    operator.server.remove();
  });
  const env = {
    PATH: process.env['PATH'],
    WSP_NODE_NAME: 'node-1',
    WSP_OPERATOR_URL: operator.server.url.href,
    WSP_CA_FILE: operator.server.caFile,
    WSP_TOKEN_FILE: operator.server.tokenFile,
    WSP_STATE_DIR: join(folder, 'state'),
    WSP_TRACEFS: tracefs.path,
    WSP_BLOBS: blobFolder,
    WSP_KUBEPODS_CGROUP: `${cluster}/kubepods`,
    WSP_HEALTH_LISTEN: '127.0.0.1:0',
  };
  return {
    operator,
    folder,
    tracefs: tracefs.path,
    agentCgroup,
    podUid,
    podCgroup: pod,
    environment: env,
    pod: (serviceClass) => {
      const path = join(kubepods, serviceClass, `pod${randomUUID()}`);
      mkdirSync(path);
      undo.push(() => removeCgroup(path));
      return path;
    },
    container: (place = pod) => {
      const container = new PlayedContainer(place);
      undo.push(() => container.discard());
      return container;
    },
    startAgent: () => {
      const child = spawn('/bin/sh', ['-c', ENTER, agentCgroup, ...agent], {
        env,
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      undo.push(async () => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGKILL');
        await once(child, 'exit');
      });
      return child;
    },
  };
}
