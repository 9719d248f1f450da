import type { ReportedContainer } from '../../core/wire/agent.ts';
import { objection } from './eligibility.ts';
import { times, type Grant, type NodeSituation, type PlanContext } from './grant.ts';
import type { EndCode } from './reason.ts';

/** When a grant ends though nothing was uploaded. */
export function expiry(grant: Grant): number {
  const period = grant.finished ? 0 : grant.periodSeconds * 1_000;
  return (grant.confirmedAt ?? grant.grantedAt) + period + times.expiryGrace;
}

/** A person shortened the period, and this grant has had the new one: its snapshot covers as much as any from now on. */
function outlastsPeriod(grant: Grant, { now, settings: { periodSeconds } }: PlanContext): boolean {
  return grant.periodSeconds > periodSeconds && now - (grant.confirmedAt ?? grant.grantedAt) >= periodSeconds * 1_000;
}

function isProfiling(reported: ReportedContainer | undefined, grant: Grant): boolean {
  return reported?.state === 'profiling' && reported.slotId === grant.slotId;
}

/**
 * Why a grant ends now; undefined if it goes on. A grant is kept until its snapshot arrives, its period is over or its
 * container ends. It is withdrawn earlier only if the agent cannot or need not fulfil it: the agent was restarted and its
 * trees with it, a person excluded the container or shortened the period, or the image became stable or its namespace has
 * taught its share, so that the snapshot would be refused.
 */
export function fate(grant: Grant, situation: NodeSituation, context: PlanContext): EndCode | undefined {
  const record = context.container(grant.containerId);
  if (record === undefined) return 'container-gone';
  const against = objection(record, context);
  if (against !== undefined) return against.code;
  if (context.now >= expiry(grant)) return 'expired';
  // Out of reach, the agent goes on with what it was told last.
  return situation.agent.state === 'unreachable' ? undefined : fateInReport(grant, situation, context);
}

function fateInReport(grant: Grant, situation: NodeSituation, context: PlanContext): EndCode | undefined {
  const reported = situation.containers.find(({ id }) => id === grant.containerId);
  if (isProfiling(reported, grant)) return outlastsPeriod(grant, context) ? 'period-shortened' : undefined;
  if (situation.instance !== grant.instance) return 'agent-restarted';
  if (situation.runningVersion < grant.version) return undefined;
  // A finished container leaves the report when its tree goes to the spool; its slot is in use until the upload arrives.
  if (reported === undefined) return grant.finished ? undefined : 'container-gone';
  const awaited = grant.confirmedAt === undefined && !grant.finished;
  return awaited && context.now - grant.grantedAt > times.takeUp ? 'not-taken-up' : undefined;
}
