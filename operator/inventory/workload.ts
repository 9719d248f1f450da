/** Which workload a pod belongs to, as people know it: the Deployment, not its ReplicaSet of today. */

export interface Workload {
  readonly kind: string;
  readonly name: string;
}

export interface PodOwnership {
  readonly name: string;
  readonly node: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The owner that controls it. */
  readonly owner: Workload | undefined;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** Controllers put a hash or a time into the names of what they create; reading them there saves an informer each. */
export function workloadOf(pod: PodOwnership): Workload {
  const { owner } = pod;
  if (owner === undefined) return { kind: 'Pod', name: pod.name };
  switch (owner.kind) {
    case 'ReplicaSet':
      return deploymentOf(owner.name, pod.labels['pod-template-hash']) ?? plain(owner);
    case 'Job':
      return cronJobOf(owner.name, pod.createdAt) ?? plain(owner);
    case 'Node':
      // A static pod: the kubelet appends the node's name to that of its manifest.
      return { kind: 'Pod', name: withoutEnd(pod.name, `-${pod.node}`) ?? pod.name };
    default:
      return plain(owner);
  }
}

function plain({ kind, name }: Workload): Workload {
  return { kind, name };
}

function deploymentOf(replicaSet: string, hash: string | undefined): Workload | undefined {
  const name = hash === undefined ? undefined : withoutEnd(replicaSet, `-${hash}`);
  return name === undefined ? undefined : { kind: 'Deployment', name };
}

/** How late the pod of a scheduled time may come; people who name their Jobs with numbers rarely hit the current time. */
const latestStart = 7 * 24 * 3_600_000;

/** The CronJob controller names Jobs `<name>-<scheduled time in minutes since the epoch>`. */
function cronJobOf(job: string, createdAt: number): Workload | undefined {
  const match = /^(.+)-(\d{8,10})$/.exec(job);
  const [, name, minutes] = match ?? [];
  if (name === undefined) return undefined;
  const delay = createdAt - Number(minutes) * 60_000;
  return delay >= -60_000 && delay <= latestStart ? { kind: 'CronJob', name } : undefined;
}

function withoutEnd(text: string, end: string): string | undefined {
  return end.length > 1 && text.length > end.length && text.endsWith(end) ? text.slice(0, -end.length) : undefined;
}
