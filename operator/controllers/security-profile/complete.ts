/** Whether a profile holds all that its containers do, as the condition `Complete`. Pure. */
import { lostRecords } from '../../../core/profile/completeness.ts';
import type { PublishedEvidence } from '../../../core/profile/publication.ts';
import type { ConditionFacts } from '../conditions.ts';

// Below the first two and above the third, what was not seen says nothing: anomalies are signals only from complete profiles.
const fewestContainers = 3;
const fewestSnapshots = 8;
/** Of records and of time: 0.1 %. */
const tolerated = 1 / 1_000;

interface Fault {
  readonly reason: string;
  readonly text: string;
}

export function completeCondition(evidence: PublishedEvidence): ConditionFacts {
  const faults = [
    tooFew(evidence),
    startsUnseen(evidence),
    eventsLost(evidence),
    agentDown(evidence),
    periodsLost(evidence),
    wentPast(evidence),
  ];
  const found = faults.filter((fault) => fault !== undefined);
  const [first] = found;
  if (first === undefined) {
    return { type: 'Complete', status: 'True', reason: 'Complete', message: `${known(evidence)}.` };
  }
  const message = `${found.map(({ text }) => text).join('; ')}.`;
  return { type: 'Complete', status: 'False', reason: first.reason, message };
}

function tooFew({ containers, snapshots }: PublishedEvidence): Fault | undefined {
  if (containers >= fewestContainers || snapshots >= fewestSnapshots) return undefined;
  const text = `only ${counted(containers, 'container')} and ${counted(snapshots, 'snapshot')}; ${fewestContainers} containers or ${fewestSnapshots} snapshots are enough`;
  return { reason: 'FewObservations', text };
}

function startsUnseen({ completeness }: PublishedEvidence): Fault | undefined {
  if (completeness.startsSeen > 0) return undefined;
  return { reason: 'StartsUnseen', text: 'no container was watched from its start' };
}

function eventsLost({ completeness }: PublishedEvidence): Fault | undefined {
  const share = completeness.lostPerMillion / 1_000_000;
  return share < tolerated
    ? undefined
    : { reason: 'EventsLost', text: `${lostText(completeness)}; below 0.1 % is enough` };
}

function agentDown({ completeness }: PublishedEvidence): Fault | undefined {
  const { gapSeconds, watchedSeconds } = completeness;
  if (gapSeconds === 0 || gapSeconds / (gapSeconds + watchedSeconds) < tolerated) return undefined;
  return { reason: 'AgentDown', text: `${downText(completeness)}; below 0.1 % is enough` };
}

function periodsLost({ completeness: { lostPeriods } }: PublishedEvidence): Fault | undefined {
  if (lostPeriods === 0) return undefined;
  return { reason: 'PeriodsLost', text: `${counted(lostPeriods, 'whole period')} not watched` };
}

function wentPast({ completeness: { blindSpots = [] } }: PublishedEvidence): Fault | undefined {
  const [first, ...others] = blindSpots.map(({ name, containers }) => ({
    name,
    who: counted(containers, 'container'),
  }));
  if (first === undefined) return undefined;
  const more = others.map(({ name, who }) => `, ${who} by ${name}`).join('');
  return { reason: 'BlindSpots', text: `${first.who} went past the agent by ${first.name}${more}` };
}

function known({ completeness }: PublishedEvidence): string {
  const minor = [
    ...(lostRecords(completeness.losses) > 0 ? [lostText(completeness)] : []),
    ...(completeness.gapSeconds > 0 ? [downText(completeness)] : []),
  ];
  return minor.length > 0 ? minor.join('; ') : 'Nothing that happened is known to be missing';
}

function lostText({ losses, events, lostPerMillion }: PublishedEvidence['completeness']): string {
  const lost = lostRecords(losses);
  const share = `${lostPerMillion / 10_000} % on the average of the containers`;
  const nodeWide = losses.recursionMisses + losses.decodeErrors;
  const atMost = nodeWide > 0 ? `, ${nodeWide} of them at most, being counted for whole nodes` : '';
  return `${counted(lost, 'record')} lost beside ${events} read, ${share}${atMost}`;
}

function downText({ gaps, gapSeconds, watchedSeconds }: PublishedEvidence['completeness']): string {
  return `the agent was down for ${gapSeconds} s in ${counted(gaps, 'gap')}, beside ${watchedSeconds} s watched`;
}

function counted(count: number, one: string): string {
  return `${count} ${count === 1 ? one : `${one}s`}`;
}
