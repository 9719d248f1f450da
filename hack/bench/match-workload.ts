/** A profile of so many entries, and events of which it knows most, for measuring how long matching takes. */
import type { Execution } from '../../core/activity/identity.ts';
import { fileAccesses, kinds } from '../../core/activity/snapshot.ts';
import { Recording } from '../../core/activity/testing/recording.ts';
import type { BehaviourEvent } from '../../core/event/event.ts';
import { containerAt } from '../../core/profile/container-set.ts';
import { searchList } from '../../core/profile/dns-names.ts';
import { type Behaviour, emptyEvidence, type Evidence, keyOf, lineageId } from '../../core/profile/evidence.ts';
import { toFlags } from '../../core/profile/flags.ts';

/** What is known of a process and the files it has, from which events are made. */
interface Program {
  readonly id: string;
  readonly executable: string;
}

export const search = searchList('shop');

/** Entries by kind: 4 of 100 are processes, 72 files, 12 names, 12 endpoints. */
export function shares(entries: number): { processes: number; files: number; dns: number; network: number } {
  const part = (percent: number): number => Math.floor((entries * percent) / 100);
  return { processes: part(4), files: part(72), dns: part(12), network: part(12) };
}

const words = ['cache', 'lib', 'data', 'share', 'locale', 'modules', 'session', 'report', 'index', 'state'] as const;
const word = (index: number): string => words[index % words.length] ?? '';

/** One file in ten lies under a pattern; directories have some forty files, as those of real servers. */
function pathOf(index: number): string {
  const directory = `/srv/${word(index >> 6)}/${word(index >> 9)}-${Math.floor(index / 40).toString(36)}x`;
  if (index % 10 === 0) return `${directory}/${word(index)}-{digits}.log`;
  return `${directory}/${word(index)}_${word(index >> 4)}${'abcdefghijklmnopqrstuvwxyz'.charAt(index % 26)}${index.toString(36)}q.dat`;
}

export function profileOf(entries: number): Evidence {
  const { processes, files, dns, network } = shares(entries);
  const seen: Behaviour = { actors: 1, phases: 3, first: 0, last: 0, containers: containerAt(0), periods: undefined };
  const programs = programsOf(processes);
  const idOf = (index: number): string => programs[index % programs.length]?.id ?? '';
  const list = (length: number): number[] => Array.from({ length }, (_, index) => index);
  const keyed = <Entry>(all: readonly Entry[], key: (entry: Entry) => string): Map<string, Entry> =>
    new Map(all.map((entry) => [key(entry), entry]));
  const container = { id: '0'.repeat(64), startSeen: true, blindSpots: 0, node: 'n', workload: 'w', digest: '' };
  const fileEntries = list(files).map((index) => {
    const access = fileAccesses[0];
    const path = pathOf(index);
    return { processId: idOf(index), path, signature: path, shape: path, access, ...seen };
  });
  const names = list(dns).map((index) => {
    const name = nameOf(index);
    return { processId: idOf(index), name, signature: name, shape: name, types: ['A'], ...seen };
  });
  const endpoints = list(network).map((index) => {
    const [direction, protocol] = ['connect', 'tcp'] as const;
    return { processId: idOf(index), direction, protocol, peer: peerOf(index), port: 443, ...seen };
  });
  const processEntries = programs.map((program) => ({ ...program, depth: 0, maxInstances: 1, ...seen }));
  return {
    ...emptyEvidence,
    containers: [{ ...container, kinds: toFlags(kinds, kinds) }],
    processes: keyed(processEntries, keyOf.process),
    files: keyed(fileEntries, keyOf.file),
    dns: keyed(names, keyOf.dns),
    network: keyed(endpoints, keyOf.network),
  };
}

function programsOf(count: number): Program[] {
  return Array.from({ length: count }, (_, index) => {
    const executable = `/usr/lib/app/bin/${word(index)}-${index}`;
    return { id: lineageId(undefined, { executable }), executable };
  });
}

const nameOf = (index: number): string => `${word(index)}-${index.toString(36)}.shard.example.com`;
const peerOf = (index: number): string => `external 203.0.${(index >> 8) & 255}.${index & 255}/24`;

/** An event, of which process it is, and what its baseline looks up. */
export interface Work {
  readonly event: BehaviourEvent;
  readonly executable: string;
  readonly execution: Execution | undefined;
  readonly peer: string;
  readonly key: string;
}

/** Of 20 events 14 are opens (one of them of an unseen file), 2 questions, 2 connects and 2 execs; the same at each call. */
export function workOn(entries: number, count: number): Work[] {
  const { processes, files, dns, network } = shares(entries);
  const programs = programsOf(processes);
  const recording = new Recording();
  // A full period of steps: neighbours in the list are far from each other in the profile.
  const spread = (index: number, of: number): number => (index * 7_919) % of;
  return Array.from({ length: count }, (_, index): Work => {
    const kind = index % 20;
    const at = spread(index, kind < 14 ? files : kind < 16 ? dns : kind < 18 ? network : processes);
    const { id = '', executable = '' } = programs[at % processes] ?? {};
    const work = { executable, execution: undefined, peer: peerOf(at) };
    if (kind < 14) {
      const path = kind === 0 ? `/srv/unseen/${index}` : pathOf(at).replace('{digits}', String(index));
      recording.open(1, path);
      return { ...work, event: last(recording), key: `${id} ${pathOf(at)}\n0` };
    }
    if (kind < 16) return { ...work, event: last(recording.dns(1, nameOf(at))), key: `${id} ${nameOf(at)}` };
    if (kind < 18) {
      const event = last(recording.socket(1, 'connect', '203.0.113.1:443'));
      return { ...work, event, key: `${id} connect tcp 443 ${peerOf(at)}` };
    }
    const event = last(recording.exec(1, executable));
    return { ...work, event, execution: { executable, filename: executable, argv: [executable] }, key: id };
  });
}

function last({ events }: Recording): BehaviourEvent {
  const event = events.pop();
  if (event === undefined) throw new Error('no event was recorded');
  return event;
}
