/**
 * What the operator keeps of a pod: its containers, addresses and workload, a few hundred bytes of the 5–20 KB that a pod
 * has. The image is that of the pod's spec, because the status names whatever the runtime calls the image ID, so that two
 * tags of one image would become one.
 */
import { z } from 'zod';
import { type Image, parseImage } from '../../core/image.ts';
import { type Projection, zodProjection } from '../kube/informer.ts';
import { canonicalAddress } from './address.ts';
import { type ExecProbes, execProbes, probeFields } from './exec-probes.ts';
import { type Workload, workloadOf } from './workload.ts';

/** Values by key. */
export type Labels = Readonly<Record<string, string>>;

export interface PodContainer {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  readonly kind: 'container' | 'init' | 'ephemeral';
  readonly image: Image;
  readonly digest?: string;
  /** Milliseconds since the epoch, in whole seconds as the API has them. */
  readonly startedAt?: number;
  readonly finishedAt?: number;
}

export interface PodProjection {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Label `app.kubernetes.io/part-of`. */
  readonly partOf?: string;
  /** Those that the settings name; at most 8, of 380 bytes. Absent if it has none of them. */
  readonly labels?: Labels;
  readonly node: string;
  readonly workload: Workload;
  /** Its own: empty with the host's network, whose addresses are the node's. */
  readonly addresses: readonly string[];
  /** Since when the addresses are its own. */
  readonly since: number;
  /** Succeeded or Failed: the addresses went back although the object still shows them. */
  readonly finished: boolean;
  readonly containers: readonly PodContainer[];
  /** Name of the pod in the node's cgroups: its uid, but for a static pod the hash of its manifest. */
  readonly cgroupUid: string;
  /** Absent if it has none. */
  readonly probes?: readonly ExecProbes[];
}

/** More than any pod has; each is kept in at most two runs of about 300 bytes. */
const maxContainers = 256;

const time = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .nullish();
const run = z.object({ containerID: z.string().nullish(), startedAt: time, finishedAt: time });
const state = z.object({ running: z.object({ startedAt: time }).nullish(), terminated: run.nullish() }).nullish();
const containerStatus = z.object({
  name: z.string(),
  containerID: z.string().nullish(),
  imageID: z.string().nullish(),
  state,
  lastState: state,
});
const containerSpec = z.object({ name: z.string(), image: z.string().nullish(), ...probeFields });
const manifestHash = 'kubernetes.io/config.hash';
const listOf = <Item extends z.ZodType>(item: Item) => z.array(item).max(maxContainers).nullish();

const rawPod = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    creationTimestamp: time,
    labels: z.record(z.string(), z.string()).nullish(),
    annotations: z.object({ [manifestHash]: z.string().optional() }).nullish(),
    ownerReferences: z
      .array(z.object({ kind: z.string(), name: z.string(), controller: z.boolean().nullish() }))
      .nullish(),
  }),
  spec: z.object({
    nodeName: z.string().nullish(),
    hostNetwork: z.boolean().nullish(),
    containers: listOf(containerSpec),
    initContainers: listOf(containerSpec),
    ephemeralContainers: listOf(containerSpec),
  }),
  status: z
    .object({
      phase: z.string().nullish(),
      startTime: time,
      podIPs: z.array(z.object({ ip: z.string() })).nullish(),
      containerStatuses: listOf(containerStatus),
      initContainerStatuses: listOf(containerStatus),
      ephemeralContainerStatuses: listOf(containerStatus),
    })
    .nullish(),
});

type RawPod = z.infer<typeof rawPod>;
type ContainerSpec = z.infer<typeof containerSpec>;
type ContainerStatus = z.infer<typeof containerStatus>;

const parsePod = zodProjection(rawPod);

/**
 * For the informer of pods: once per version of a pod.
 * @param labels keys of those that are kept
 */
export function projectPod(raw: unknown, labels: readonly string[] = []): Projection<PodProjection> {
  const parsed = parsePod(raw);
  return parsed.ok ? { ok: true, value: project(parsed.value, labels) } : parsed;
}

function project({ metadata, spec, status }: RawPod, labels: readonly string[]): PodProjection {
  const node = spec.nodeName ?? '';
  const createdAt = metadata.creationTimestamp ?? 0;
  return {
    uid: metadata.uid,
    namespace: metadata.namespace,
    name: metadata.name,
    ...ownership(metadata, node, createdAt),
    ...labelsOf(metadata, labels),
    node,
    addresses: spec.hostNetwork === true ? [] : addressesOf(status),
    since: status?.startTime ?? createdAt,
    finished: ['Succeeded', 'Failed'].includes(status?.phase ?? ''),
    containers: [
      ...containersOf('init', spec.initContainers, status?.initContainerStatuses),
      ...containersOf('container', spec.containers, status?.containerStatuses),
      ...containersOf('ephemeral', spec.ephemeralContainers, status?.ephemeralContainerStatuses),
    ],
    cgroupUid: cgroupUid(metadata),
    ...probesOf(spec),
  };
}

function labelsOf({ labels }: RawPod['metadata'], wanted: readonly string[]): Pick<PodProjection, 'labels'> {
  const found = wanted.flatMap((key) => {
    const value = labels?.[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  return found.length === 0 ? {} : { labels: Object.fromEntries(found) };
}

function probesOf({ initContainers, containers }: RawPod['spec']): Pick<PodProjection, 'probes'> {
  const probes = execProbes([...(initContainers ?? []), ...(containers ?? [])]);
  return probes.length === 0 ? {} : { probes };
}

/** Only what cannot be the uid of another pod: anybody may annotate their own. */
function cgroupUid({ uid, annotations }: RawPod['metadata']): string {
  const hash = annotations?.[manifestHash];
  return hash !== undefined && /^[0-9a-f]{32}$/.test(hash) ? hash : uid;
}

function ownership(
  metadata: RawPod['metadata'],
  node: string,
  createdAt: number,
): Pick<PodProjection, 'partOf' | 'workload'> {
  const labels = metadata.labels ?? {};
  const partOf = labels['app.kubernetes.io/part-of'];
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return {
    ...(partOf !== undefined && { partOf }),
    workload: workloadOf({ name: metadata.name, node, labels, owner, createdAt }),
  };
}

function addressesOf(status: RawPod['status']): string[] {
  return (status?.podIPs ?? []).flatMap(({ ip }) => canonicalAddress(ip) ?? []);
}

function containersOf(
  kind: PodContainer['kind'],
  specs: readonly ContainerSpec[] | null | undefined,
  statuses: readonly ContainerStatus[] | null | undefined,
): PodContainer[] {
  const images = new Map((specs ?? []).map(({ name, image }) => [name, parseImage(image ?? '')]));
  return (statuses ?? []).flatMap((status) => {
    const parsed = images.get(status.name);
    // A kubelet starts nothing from a reference that it cannot read: such a container has no ID either.
    if (parsed?.ok !== true) return [];
    const digest = /sha256:[0-9a-f]{64}$/.exec(status.imageID ?? '')?.[0];
    const common = { name: status.name, kind, image: parsed.image };
    // The digest is that of the last run; an earlier one may have had another.
    return runsOf(status).map((run, index) => ({ ...run, ...common, ...(index === 0 && digest && { digest }) }));
  });
}

type Run = Pick<PodContainer, 'id' | 'startedAt' | 'finishedAt'>;

/** This run and the one before, which a crash leaves in `lastState`; while it waits, the first is still to come. */
function runsOf({ containerID, state, lastState }: ContainerStatus): Run[] {
  const runs = new Map<string, Run>();
  const add = (name: string | null | undefined, startedAt?: number | null, finishedAt?: number | null): void => {
    const id = /^[a-z0-9.-]+:\/\/([0-9a-f]{64})$/.exec(name ?? '')?.[1];
    if (id === undefined || runs.has(id)) return;
    runs.set(id, {
      id,
      ...(startedAt != null && { startedAt }),
      ...(finishedAt != null && { finishedAt }),
    });
  };
  if (state?.running) add(containerID, state.running.startedAt);
  const current = state?.terminated;
  if (current) add(current.containerID ?? containerID, current.startedAt, current.finishedAt);
  const last = lastState?.terminated;
  if (last) add(last.containerID, last.startedAt, last.finishedAt);
  return [...runs.values()];
}
