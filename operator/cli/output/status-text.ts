/** The state of the product on one screen. */
import { type ProfileFailure, profileFailures } from '../../../core/wire/agent.ts';
import type { AgentStatus, ClusterStatus } from '../../server/api/status.ts';
import { shortDuration } from './duration.ts';
import type { Paint } from './paint.ts';
import { safe } from './safe.ts';
import { table } from './table.ts';

/** `unsupported` is what an agent says that is up on a kernel or node that it cannot watch. */
function stateOf({ state, why }: AgentStatus): string {
  if (state === 'not-ready' && why.startsWith('agent not ready: unsupported')) return 'Unsupported';
  return { ready: 'Ready', 'not-ready': 'NotReady', unreachable: 'Unreachable', 'never-reported': 'NoAgent' }[state];
}

export function statusText(status: ClusterStatus, paint: Paint): string {
  return [
    agents(status, paint),
    containers(status, paint),
    profiles(status, paint),
    store(status, paint),
    concerns(status, paint),
  ].join('\n');
}

function agents({ agents: { items, omitted, ready, notReady }, at }: ClusterStatus, paint: Paint): string {
  const head = ['NODE', 'STATE', 'VERSION', 'VARIANT', 'SLOTS', 'PROFILES', 'LOST', 'HEARD'];
  const rows = items.map((one) => [
    one.node,
    stateOf(one),
    one.version || '-',
    one.variant || '-',
    `${one.slots.used} of ${one.slots.max}`,
    one.profiles === undefined ? '-' : `${one.profiles.held} of ${one.profiles.told}`,
    String(one.lostRecords),
    one.heardAt === undefined ? 'never' : `${shortDuration(Math.max(0, at - one.heardAt) / 1_000)} ago`,
  ]);
  const troubled = items.filter(({ state }) => state !== 'ready');
  return [
    `${title('Agents', paint)}${ready} ready${notReady === 0 ? '' : paint('red', `, ${notReady} not`)}\n`,
    items.length === 0 ? 'no node runs containers or agents\n' : table(head, rows),
    ...troubled.map(({ node, why }) => paint('red', `${safe(node)}: ${safe(why)}\n`)),
    ...items.flatMap((one) => notHeld(one)).map((line) => paint('yellow', line)),
    more(omitted, 'agents'),
  ].join('');
}

/** Why an agent does not hold profiles that it should, for people. */
const failures: Readonly<Record<ProfileFailure, string>> = {
  unavailable: 'the operator has not given it yet',
  digest: 'other bytes came than those asked for',
  format: 'the agent cannot read what the operator gives: update it',
  room: 'all are too large together',
  disk: 'the disk of the node refuses',
};

function notHeld({ node, profiles }: AgentStatus): string[] {
  return profileFailures.flatMap((reason) => {
    const count = profiles?.failures[reason] ?? 0;
    const which = `${count} ${count === 1 ? 'profile' : 'profiles'}`;
    return count === 0 ? [] : [`${safe(node)}: ${which} not held: ${failures[reason]}\n`];
  });
}

const words: Readonly<Record<string, string>> = {
  profiling: 'profiled now',
  granted: 'with a slot, about to begin or to upload',
  waiting: 'waiting: images that were taught less come first',
  'node-full': 'waiting: the slots of their node are taken',
  stable: 'not needed: their profile is finished',
  share: 'not needed: their namespace has taught its share of the image',
  excluded: 'excluded by the settings',
  'own-pod': 'of the product itself',
  disabled: 'not profiled: profiling is turned off',
  done: 'ended, and all has arrived',
  'not-reported': 'not seen by the agent of their node',
  'agent-not-ready': 'on nodes whose agent is not ready',
  'agent-unreachable': 'on nodes of which no agent is heard',
  'unknown-container': 'reported, but unknown to the API server',
  'other-node': 'reported by another node than theirs',
};

function containers({ containers: found, agents: { items } }: ClusterStatus, paint: Paint): string {
  const counted = Object.entries(words).flatMap(([code, what]) => {
    const count = found.reasons[code] ?? 0;
    return count === 0 ? [] : [`${String(count).padStart(6)} ${what}\n`];
  });
  const unknown = Object.entries(found.reasons).filter(([code]) => !Object.hasOwn(words, code));
  const kept = items.reduce((sum, { finishedKept }) => sum + finishedKept, 0);
  return [
    `${title('Containers', paint)}${found.total}\n`,
    ...counted,
    ...unknown.map(([code, count]) => `${String(count).padStart(6)} ${safe(code)}\n`),
    found.longestWaitSeconds === 0
      ? ''
      : `the longest wait is ${shortDuration(found.longestWaitSeconds)}; kubectl wsp containers lists all\n`,
    kept === 0 ? '' : `agents keep what ${kept} did that ended before they got a slot\n`,
  ].join('');
}

function profiles({ profiles: { learning, stable } }: ClusterStatus, paint: Paint): string {
  return `${title('Profiles', paint)}${learning} learning, ${stable} finished\n`;
}

function store({ store: { state, message, usage } }: ClusterStatus, paint: Paint): string {
  const is = { opening: 'is being opened', ready: 'takes what is learned', failing: paint('red', 'fails') }[state];
  const holds =
    usage === undefined
      ? ''
      : `: ${bytes(usage.bytes)} with ${usage.snapshots} snapshots and ${usage.archived} archived profiles, ${bytes(usage.volumeFreeBytes)} left on its volume`;
  const why = message === '' ? '' : paint('red', `${safe(message)}\n`);
  return `${title('Store', paint)}${is}${holds}\n${why}`;
}

function concerns({ concerns: { items, omitted } }: ClusterStatus, paint: Paint): string {
  if (items.length === 0) return `${title('To look at', paint)}nothing\n`;
  const lines = items.flatMap(({ kind, name, condition, reason, message }) => [
    `${paint('yellow', safe(`${kind} ${name}`))} ${safe(condition)}: ${safe(reason)}\n`,
    `  ${safe(message)}\n`,
  ]);
  return [`${title('To look at', paint)}${items.length + omitted}\n`, ...lines, more(omitted, 'conditions')].join('');
}

function title(text: string, paint: Paint): string {
  return paint('bold', text.padEnd(12));
}

function more(omitted: number, what: string): string {
  return omitted === 0 ? '' : `and ${omitted} more ${what}\n`;
}

function bytes(count: number): string {
  const [unit, size] = count >= 2 ** 30 ? ['GiB', 2 ** 30] : ['MiB', 2 ** 20];
  return `${(count / size).toFixed(1)} ${unit}`;
}
