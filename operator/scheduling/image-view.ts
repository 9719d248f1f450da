/** Why the containers of one image are watched or not, all together. Pure. */
import type { SchedulingReason } from '../../crds/security-profile.ts';
import type { ReasonCode } from './reason.ts';

/**
 * The first that holds, in this order: what is watched is no problem, what waits needs patience or slots, and what no agent
 * can see needs a person. `Sealed` comes before all: nobody needs to be watched any more.
 */
export const imageReasons = [
  'Sealed',
  'Watched',
  'SlotsTaken',
  'AgentUnavailable',
  'NotObserved',
  'ShareTaken',
  'Excluded',
  'Disabled',
  'NotRunning',
] as const satisfies readonly SchedulingReason[];

export interface ImageView {
  readonly reason: SchedulingReason;
  /** For people; says nothing that changes by itself, since it is written to the API server. */
  readonly message: string;
  readonly watching: number;
  readonly waiting: number;
}

export type ReasonCounts = ReadonlyMap<ReasonCode, number>;

/** What a container with this reason makes of its image. */
const meaning: Readonly<Record<ReasonCode, SchedulingReason>> = {
  profiling: 'Watched',
  granted: 'Watched',
  waiting: 'SlotsTaken',
  'node-full': 'SlotsTaken',
  stable: 'Sealed',
  share: 'ShareTaken',
  excluded: 'Excluded',
  'own-pod': 'Excluded',
  disabled: 'Disabled',
  'unknown-container': 'NotObserved',
  'other-node': 'NotObserved',
  'not-reported': 'NotObserved',
  'agent-not-ready': 'AgentUnavailable',
  'agent-unreachable': 'AgentUnavailable',
  done: 'NotRunning',
};

/** @param counts of the containers of the image; `sealed`: its profile is finished */
export function imageView(counts: ReasonCounts, sealed: boolean): ImageView {
  const found = new Map<SchedulingReason, number>();
  for (const [code, count] of counts) found.set(meaning[code], (found.get(meaning[code]) ?? 0) + count);
  const reason = sealed ? 'Sealed' : (imageReasons.find((one) => (found.get(one) ?? 0) > 0) ?? 'NotRunning');
  const watching = sealed ? 0 : (found.get('Watched') ?? 0);
  const waiting = sealed ? 0 : (found.get('SlotsTaken') ?? 0);
  return { reason, message: messageOf(reason, found), watching, waiting };
}

function messageOf(reason: SchedulingReason, found: ReadonlyMap<SchedulingReason, number>): string {
  return messages[reason](found.get(reason) ?? 0, found.get('SlotsTaken') ?? 0);
}

/** `own`: containers with this reason. */
const messages: Readonly<Record<SchedulingReason, (own: number, waiting: number) => string>> = {
  Sealed: () => 'The profile is finished: its containers need no watching.',
  Watched: watched,
  SlotsTaken: (own) =>
    `All profiling slots of its nodes are taken: ${containers(own)} ${own === 1 ? 'waits' : 'wait'} for one.`,
  AgentUnavailable: (own) =>
    `No agent is ready where ${containers(own)} ${own === 1 ? 'runs' : 'run'}: kubectl wsp status says why.`,
  NotObserved: (own) => `The agents do not see ${containers(own)} that the API server shows on their nodes.`,
  ShareTaken: () => 'The namespaces of its containers have taught their share of it: see the condition ShareTaken.',
  Excluded: () =>
    'Excluded from profiling: by profiling.exclude of the WorkloadSecurityConfig, or pods of the product itself.',
  Disabled: () => 'Profiling is turned off: profiling.enabled of the WorkloadSecurityConfig.',
  NotRunning: () => 'No container of the image runs.',
};

function watched(own: number, waiting: number): string {
  const others = waiting === 0 ? '' : `; ${waiting} ${waiting === 1 ? 'waits' : 'wait'} for a slot`;
  return `${containers(own)} ${own === 1 ? 'is' : 'are'} watched now${others}.`;
}

function containers(count: number): string {
  return `${count} ${count === 1 ? 'container' : 'containers'}`;
}
