/**
 * The plan: which containers have a slot, get one, or will never get one, and why. Data in, data out; the same situation
 * gives the same plan, whatever the order in which it is told.
 */
import { imageText, type Image } from '../../core/image.ts';
import type { ReportedContainer } from '../../core/wire/agent.ts';
import { eligibility } from './eligibility.ts';
import { fate } from './fate.ts';
import { times, type Grant, type NodeSituation, type PlanContext } from './grant.ts';
import { choose, type Candidate, type FreeSlots, type Standing } from './ranking.ts';
import { reason, type EndCode, type Reason } from './reason.ts';

/** A slot of an earlier operator that an agent fills: it goes on as if this operator had given it. */
export interface Adoption {
  readonly slotId: string;
  readonly containerId: string;
  readonly image: Image;
}

export interface NodePlan {
  readonly node: string;
  readonly keep: readonly Grant[];
  readonly end: readonly { readonly grant: Grant; readonly code: EndCode }[];
  readonly adopt: readonly Adoption[];
  readonly add: readonly Candidate[];
  /** Containers whose provisional trees the agent may drop. */
  readonly refuse: readonly string[];
  /** For every container that the agent reports. */
  readonly reasons: ReadonlyMap<string, Reason>;
}

/** A node halfway: grants are settled, candidates wait. */
interface Draft extends Omit<NodePlan, 'add'> {
  readonly reasons: Map<string, Reason>;
  readonly candidates: readonly Candidate[];
  readonly slots: FreeSlots;
  readonly inUse: number;
}

export function plan(nodes: readonly NodeSituation[], context: PlanContext): NodePlan[] {
  const drafts = nodes.map((situation) => draft(situation, context));
  const standing = standings(context);
  const slots = new Map(drafts.map(({ node, slots }) => [node, slots]));
  // On most nodes all slots are taken most of the time: their candidates need no ranking.
  const candidates = drafts.flatMap((one) => (one.slots.free > 0 ? one.candidates : []));
  const chosen = choose(candidates, slots, standing);
  const added = Map.groupBy(chosen, ({ node }) => node);
  return drafts.map((one) => finish(one, added.get(one.node) ?? [], { context, standing }));
}

/**
 * In which order the containers of a node that wait would get slots, if slots came free there and nowhere else.
 *
 * @returns IDs of those that wait; of others, nothing
 */
export function queue(situation: NodeSituation, context: PlanContext): string[] {
  const { node, candidates } = draft(situation, context);
  const slots = new Map([[node, { free: candidates.length, kept: 0 }]]);
  return choose(candidates, slots, standings(context)).map(({ containerId }) => containerId);
}

/** As they are before the plan, each looked up once: thousands of containers have a few hundred images. */
function standings({ now, settings, profile, activity }: PlanContext): (image: Image) => Standing {
  const known = new Map<string, Standing>();
  return (image) => {
    const key = imageText(image);
    let standing = known.get(key);
    if (standing === undefined) {
      const facts = profile(image);
      const { running, waitingSince } = activity(image) ?? { running: 0, waitingSince: now };
      standing = {
        snapshots: (facts?.snapshots ?? 0) + running,
        containers: (facts?.containers ?? 0) + running,
        waitedPeriods: Math.max(0, now - waitingSince) / (settings.periodSeconds * 1_000),
      };
      known.set(key, standing);
    }
    return standing;
  };
}

function draft(situation: NodeSituation, context: PlanContext): Draft {
  const { node } = situation;
  const limit = context.settings.maxContainersPerNode;
  const containers = situation.containers.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const { keep, end } = settle(situation, context);
  const adopt = adoptions(containers, keep, situation, context);
  const granted = new Map<string, string>();
  for (const { containerId, slotId } of [...keep, ...adopt]) granted.set(containerId, slotId);

  const reasons = new Map<string, Reason>();
  const candidates: Candidate[] = [];
  const refuse: string[] = [];
  let inUse = granted.size;
  for (const reported of containers) {
    if (granted.has(reported.id)) {
      reasons.set(reported.id, grantedReason(reported));
    } else if (reported.state === 'profiling') {
      // The agent has not heard of the end of this slot yet; until it has, its tree takes the place of another.
      inUse += 1;
      reasons.set(reported.id, reason('profiling', 'profiling: the slot has ended, the agent has yet to hear of it'));
    } else {
      const verdict = eligibility(reported, situation, context);
      if (verdict.type === 'eligible') candidates.push(candidateOf(reported, verdict.record.image, situation));
      else reasons.set(reported.id, verdict.reason);
      if (verdict.type === 'refused' && keepsTree(reported)) refuse.push(reported.id);
    }
  }
  const free = situation.agent.state === 'ready' ? Math.max(0, limit - inUse) : 0;
  const slots = { free, kept: keptSlots(situation, keep, context) };
  if (situation.agent.state !== 'ready') explainAgent(candidates, reasons, situation.agent);
  return { node, keep, end, adopt, refuse, reasons, candidates, slots, inUse };
}

/** Which grants go on. If a person lowered the limit, the latest grants go: least is lost with them. */
function settle(situation: NodeSituation, context: PlanContext): Pick<NodePlan, 'keep' | 'end'> {
  const keep: Grant[] = [];
  const end: { grant: Grant; code: EndCode }[] = [];
  const grants = situation.grants.toSorted((a, b) => a.grantedAt - b.grantedAt || (a.slotId < b.slotId ? -1 : 1));
  for (const grant of grants) {
    const code = fate(grant, situation, context);
    if (code !== undefined) end.push({ grant, code });
    else if (keep.length < context.settings.maxContainersPerNode) keep.push(grant);
    else end.push({ grant, code: 'limit-lowered' });
  }
  return { keep, end };
}

function adoptions(
  containers: readonly ReportedContainer[],
  keep: readonly Grant[],
  situation: NodeSituation,
  context: PlanContext,
): Adoption[] {
  const known = new Set(situation.grants.map(({ slotId }) => slotId));
  const adopted = new Map<string, Adoption>();
  for (const { id, state, slotId, ...rest } of containers) {
    if (keep.length + adopted.size >= context.settings.maxContainersPerNode) break;
    if (state !== 'profiling' || slotId === undefined || known.has(slotId) || adopted.has(slotId)) continue;
    if (!context.isEarlierSlot(slotId)) continue;
    const verdict = eligibility({ id, state, slotId, ...rest }, situation, context);
    if (verdict.type === 'eligible') adopted.set(slotId, { slotId, containerId: id, image: verdict.record.image });
  }
  return [...adopted.values()];
}

function keepsTree({ state }: ReportedContainer): boolean {
  return state === 'provisional' || state === 'finished';
}

function candidateOf(reported: ReportedContainer, image: Image, situation: NodeSituation): Candidate {
  return {
    node: situation.node,
    containerId: reported.id,
    image,
    finished: reported.state === 'finished',
    fresh: keepsTree(reported) && reported.startSeen,
    grants: situation.histories.get(reported.id)?.grants ?? 0,
  };
}

/**
 * Where containers end within seconds (CronJobs, init containers), one slot is kept for them: they free it at once, but
 * behind five periods of 30 minutes their finished trees would be dropped.
 */
function keptSlots(situation: NodeSituation, keep: readonly Grant[], { now, settings }: PlanContext): number {
  const { shortLivedAt } = situation;
  const expected = shortLivedAt !== undefined && now - shortLivedAt < times.shortLivedMemory;
  if (!expected || settings.maxContainersPerNode < 2) return 0;
  return keep.some(({ finished }) => finished) ? 0 : 1;
}

function grantedReason({ state }: ReportedContainer): Reason {
  return state === 'profiling'
    ? reason('profiling', 'profiling: what it does is being recorded')
    : reason('granted', 'granted: the agent is about to begin, or to upload');
}

function explainAgent(
  candidates: readonly Candidate[],
  reasons: Map<string, Reason>,
  agent: Exclude<NodeSituation['agent'], { state: 'ready' }>,
): void {
  const why = reason(agent.state === 'unreachable' ? 'agent-unreachable' : 'agent-not-ready', agent.why);
  for (const { containerId } of candidates) reasons.set(containerId, why);
}

function finish(
  { candidates, slots, inUse, ...settled }: Draft,
  add: readonly Candidate[],
  { context, standing }: { readonly context: PlanContext; readonly standing: (image: Image) => Standing },
): NodePlan {
  const given = new Set(add.map(({ containerId }) => containerId));
  for (const containerId of given) {
    settled.reasons.set(containerId, reason('granted', 'granted: the agent is about to begin'));
  }
  const waiting = candidates.filter(({ containerId }) => !settled.reasons.has(containerId));
  // One standing for each image: what is looked up twice is the same object.
  const snapshots = [...new Set(waiting.map(({ image }) => standing(image)))].map((one) => one.snapshots);
  const taken = inUse + add.length;
  const full = reason('node-full', nodeFull(taken, taken < slots.free + inUse, context));
  for (const { containerId, image } of waiting) {
    const own = standing(image).snapshots;
    const ahead = snapshots.reduce((count, other) => count + Number(other < own), 0);
    const images = ahead === 1 ? 'image' : 'images';
    settled.reasons.set(containerId, ahead === 0 ? full : reason('waiting', `waiting: ${ahead} ${images} taught less`));
  }
  return { ...settled, add };
}

function nodeFull(taken: number, oneIsKept: boolean, { settings }: PlanContext): string {
  const kept = oneIsKept ? ', one is kept for containers that end within seconds' : '';
  return `node full: ${taken} of ${settings.maxContainersPerNode} slots are in use${kept}`;
}
