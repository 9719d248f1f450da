import { imageText } from '../../core/image.ts';
import type { ReportedContainer } from '../../core/wire/agent.ts';
import type { ContainerRecord } from '../inventory/inventory.ts';
import { times, type NodeSituation, type PlanContext } from './grant.ts';
import { reason, type EndCode, type Reason, type ReasonCode } from './reason.ts';

/** `refused`: no slot will come, so the agent may drop what it keeps. */
export type Eligibility =
  | { readonly type: 'eligible'; readonly record: ContainerRecord }
  | { readonly type: 'undecided' | 'refused'; readonly reason: Reason };

export type Objection = ReasonCode & EndCode;

const refused = (why: Reason): Eligibility => ({ type: 'refused', reason: why });

/** Why containers of this record get no slot, whatever the state of their node; undefined if they may. */
export function objection(record: ContainerRecord, context: PlanContext): Reason<Objection> | undefined {
  const { settings } = context;
  if (!settings.enabled) return reason('disabled', 'profiling is turned off');
  if (context.isOwnPod(record)) return reason('own-pod', 'own pod: the product does not profile itself');
  const { image } = record;
  const { namespace } = record.pod;
  const exclusion = settings.excluded(namespace, image);
  if (exclusion !== undefined) return reason('excluded', `excluded by ${exclusion}`);
  if (context.profile(image)?.state === 'stable') {
    return reason('stable', `image is stable: ${imageText(image)} is learned`);
  }
  if (!context.hasTaughtShare(image, namespace)) return undefined;
  return reason('share', `share taken: namespace ${namespace} has taught its share of ${imageText(image)}`);
}

/** Whether a container that the agent of a node reports may get a slot. The inventory decides what it is, not the agent. */
export function eligibility(reported: ReportedContainer, situation: NodeSituation, context: PlanContext): Eligibility {
  const record = context.container(reported.id);
  const history = situation.histories.get(reported.id);
  if (record === undefined) {
    const known = context.now - (history?.firstReportedAt ?? context.now);
    if (!context.settings.enabled) return refused(reason('disabled', 'profiling is turned off'));
    return known > times.unknownContainer
      ? refused(reason('unknown-container', 'the API server shows no such container'))
      : { type: 'undecided', reason: reason('unknown-container', 'waiting until the API server shows the container') };
  }
  if (record.node !== situation.node) {
    return refused(reason('other-node', `the API server shows the container on node ${record.node}`));
  }
  const against = objection(record, context);
  if (against !== undefined) return refused(against);
  if (history?.done === true) return refused(reason('done', 'ended, and its snapshot has arrived'));
  const endedUnseen = reported.endedAt !== undefined && reported.state !== 'finished';
  if (endedUnseen) return refused(reason('done', 'ended, and nothing was kept of it'));
  return { type: 'eligible', record };
}
