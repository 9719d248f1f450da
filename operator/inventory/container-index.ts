/** All containers by ID: running, ended, and for an hour those whose pod is gone. */
import { imageText, type Image } from '../../core/image.ts';
import type { Clock } from '../clock.ts';
import { ContainerGroups } from './container-groups.ts';
import type { ContainerRecord } from './inventory.ts';
import type { PodProjection } from './pod.ts';

/** Snapshots arrive late: spooled, retried, of containers that live for seconds. */
const tombstoneMs = 60 * 60_000;
/** About 700 bytes each, 35 MB: 13 ended containers per second for the whole hour. */
const maxTombstones = 50_000;

export class ContainerIndex {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #maxTombstones: number;
  readonly #records = new Map<string, ContainerRecord>();
  /** Those that run, by node, and all, by image: 40 bytes in each for a container, so that no question looks at all of them. */
  readonly #running = new ContainerGroups();
  readonly #images = new ContainerGroups();
  /** When a container that no pod shows any more is forgotten, in the order of that time; monotonic. */
  readonly #tombstones = new Map<string, number>();
  #dropped = 0;
  #contested = 0;

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>, limit: number = maxTombstones) {
    this.#clock = clock;
    this.#maxTombstones = limit;
  }

  /** Containers forgotten early because too many had ended within an hour. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Times that a pod showed the container of another. IDs are 256 random bits, so that is nobody but who writes the status of
   * pods by hand, as a taken node can of its own: the container stays with the pod that showed it first.
   */
  get contested(): number {
    return this.#contested;
  }

  get(id: string): ContainerRecord | undefined {
    this.#trim();
    return this.#records.get(id);
  }

  all(): Iterable<ContainerRecord> {
    this.#trim();
    return this.#records.values();
  }

  *running(): Generator<ContainerRecord> {
    for (const record of this.#records.values()) if (record.finishedAt === undefined) yield record;
  }

  runningOn(node: string): Iterable<ContainerRecord> {
    return this.#running.of(node);
  }

  /** Nodes on which a container runs. */
  nodes(): Iterable<string> {
    return this.#running.keys();
  }

  ofImage(image: Image): Iterable<ContainerRecord> {
    this.#trim();
    return this.#images.of(imageText(image));
  }

  set(pod: PodProjection, old: PodProjection | undefined): void {
    const shown = new Set<string>();
    for (const container of pod.containers) {
      const known = this.#records.get(container.id);
      if (known !== undefined && !this.#mayShow(pod, known, old)) {
        this.#contested += 1;
        continue;
      }
      shown.add(container.id);
      this.#tombstones.delete(container.id);
      this.#put(recordOf(pod, container, known));
    }
    for (const { id } of old?.containers ?? []) if (!shown.has(id)) this.#bury(id, old?.uid);
    this.#trim();
  }

  delete(pod: PodProjection): void {
    for (const { id } of pod.containers) this.#bury(id, pod.uid);
    this.#trim();
  }

  /** A static pod's containers run on while its mirror is made anew, under another uid: on the same node, after the one before. */
  #mayShow(pod: PodProjection, { id, node, pod: owner }: ContainerRecord, old: PodProjection | undefined): boolean {
    if (owner.uid === pod.uid) return true;
    return node === pod.node && (this.#tombstones.has(id) || owner.uid === old?.uid);
  }

  #bury(id: string, podUid: string | undefined): void {
    const record = this.#records.get(id);
    if (record === undefined || record.pod.uid !== podUid || this.#tombstones.has(id)) return;
    // The pod may go before its status tells when the container ended.
    this.#put({ ...record, finishedAt: record.finishedAt ?? this.#clock.now() });
    this.#tombstones.set(id, this.#clock.monotonic() + tombstoneMs);
  }

  #trim(): void {
    const now = this.#clock.monotonic();
    for (const [id, until] of this.#tombstones) {
      if (until > now && this.#tombstones.size <= this.#maxTombstones) return;
      if (until > now) this.#dropped += 1;
      this.#tombstones.delete(id);
      this.#ungroup(id);
      this.#records.delete(id);
    }
  }

  #put(record: ContainerRecord): void {
    this.#ungroup(record.id);
    this.#records.set(record.id, record);
    this.#images.add(imageText(record.image), record);
    if (record.finishedAt === undefined) this.#running.add(record.node, record);
  }

  #ungroup(id: string): void {
    const record = this.#records.get(id);
    if (record === undefined) return;
    this.#running.delete(record.node, id);
    this.#images.delete(imageText(record.image), id);
  }
}

/**
 * Image and build of a container never change. Those of its pod's spec do, when somebody gives the pod another image: then they
 * are those of the container that comes next.
 */
function recordOf(
  pod: PodProjection,
  container: PodProjection['containers'][number],
  known: ContainerRecord | undefined,
): ContainerRecord {
  const digest = known?.digest ?? container.digest;
  return {
    ...container,
    image: known?.image ?? container.image,
    ...(digest !== undefined && { digest }),
    pod: {
      uid: pod.uid,
      namespace: pod.namespace,
      name: pod.name,
      ...(pod.partOf !== undefined && { partOf: pod.partOf }),
      ...(pod.labels !== undefined && { labels: pod.labels }),
    },
    workload: pod.workload,
    node: pod.node,
  };
}
