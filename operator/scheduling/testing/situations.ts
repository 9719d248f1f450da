/** Situations for tests of scheduling, with what a test does not care about filled in. */
import { imageText, type Image } from '../../../core/image.ts';
import type { ReportedContainer } from '../../../core/wire/agent.ts';
import type { ContainerRecord } from '../../inventory/inventory.ts';
import { compileExclusions } from '../exclusion.ts';
import type {
  ContainerHistory,
  Grant,
  NodeSituation,
  PlanContext,
  ProfileFacts,
  SchedulingSettings,
} from '../grant.ts';

export const now = 1_000_000_000;
export const minute = 60_000;

export function containerId(number: number): string {
  return number.toString(16).padStart(64, '0');
}

export function imageOf(name: string): Image {
  return { name: `registry.example.com/${name}`, tag: 'v1' };
}

export function record(number: number, image: Image, fields: Partial<ContainerRecord> = {}): ContainerRecord {
  return {
    id: containerId(number),
    name: 'main',
    kind: 'container',
    image,
    pod: { uid: `uid-${number}`, namespace: 'shop', name: `pod-${number}` },
    workload: { kind: 'Deployment', name: image.name },
    node: 'node-a',
    ...fields,
  };
}

export function reported(number: number, fields: Partial<ReportedContainer> = {}): ReportedContainer {
  return { id: containerId(number), state: 'idle', startSeen: true, ...fields };
}

/** The history of one container that was granted `grants` slots. */
export function histories(
  number: number,
  fields: Partial<ContainerHistory> = {},
): ReadonlyMap<string, ContainerHistory> {
  return new Map([[containerId(number), { firstReportedAt: now, grants: 0, done: false, watchedMs: 0, ...fields }]]);
}

export function grant(number: number, image: Image, fields: Partial<Grant> = {}): Grant {
  return {
    slotId: `slot-${number}`,
    containerId: containerId(number),
    node: 'node-a',
    image,
    periodSeconds: 1_800,
    grantedAt: now - minute,
    finished: false,
    instance: 'agent-1',
    version: 1,
    ...fields,
  };
}

export function situation(fields: Partial<NodeSituation> = {}): NodeSituation {
  return {
    node: 'node-a',
    agent: { state: 'ready' },
    instance: 'agent-1',
    runningVersion: 1,
    containers: [],
    histories: new Map(),
    grants: [],
    ...fields,
  };
}

export function settings(fields: Partial<SchedulingSettings> = {}): SchedulingSettings {
  return {
    enabled: true,
    maxContainersPerNode: 5,
    periodSeconds: 1_800,
    startPhaseSeconds: 180,
    excluded: compileExclusions([]),
    ...fields,
  };
}

export interface World {
  readonly records?: readonly ContainerRecord[];
  readonly profiles?: Readonly<Record<string, ProfileFacts>>;
  /** Texts of images of which the namespace `shop` has taught its share. */
  readonly taughtShare?: readonly string[];
  readonly settings?: Partial<SchedulingSettings>;
  /** How long an image has waited, in milliseconds, by its text. */
  readonly waited?: Readonly<Record<string, number>>;
}

export function context(world: World = {}): PlanContext {
  const records = new Map((world.records ?? []).map((one) => [one.id, one]));
  return {
    now,
    settings: settings(world.settings),
    container: (id) => records.get(id),
    profile: (image) => world.profiles?.[imageText(image)],
    hasTaughtShare: (image, namespace) => namespace === 'shop' && (world.taughtShare ?? []).includes(imageText(image)),
    activity: (image) => ({ running: 0, waitingSince: now - (world.waited?.[imageText(image)] ?? 0) }),
    isOwnPod: ({ pod }) => pod.namespace === 'workload-security' && pod.partOf === 'workload-security',
    isEarlierSlot: (slotId) => slotId.startsWith('earlier-'),
  };
}
