/** A profile as a tree of its processes, for people. */
import { programText } from '../../../core/profile/diff-behaviours.ts';
import { memberHashes } from '../../../core/profile/members.ts';
import type { ProfileDocument } from '../input/profile-document.ts';
import type { Paint } from './paint.ts';
import { profileHead } from './profile-head.ts';
import { safe } from './safe.ts';

export interface ProfileTextOptions {
  /** How many files, names and endpoints of one process; the rest is counted. */
  readonly most: number;
  readonly paint: Paint;
}

type Behavior = ProfileDocument['spec']['behavior'];
type Process = Behavior['processes'][number];

export function profileText(profile: ProfileDocument, options: ProfileTextOptions): string {
  return [
    ...profileHead(profile, options.paint),
    '',
    ...tree(profile.spec.behavior, options),
    ...names(profile.spec.behavior),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function tree(behavior: Behavior, options: ProfileTextOptions): string[] {
  const ids = new Set(behavior.processes.map(({ id }) => id));
  const children = Map.groupBy(behavior.processes, ({ parentId }) =>
    parentId !== undefined && ids.has(parentId) ? parentId : '',
  );
  const below = belowProcess(behavior, options);
  const lines: string[] = [];
  const visited = new Set<string>();
  // A stack, not recursion: a manifest may hold a lineage of thousands.
  const stack = siblings(children.get('') ?? [], '');
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const { process, indent, last } = at;
    if (visited.has(process.id)) continue;
    visited.add(process.id);
    const next = children.get(process.id) ?? [];
    const inner = `${indent}${last ? '   ' : '│  '}`;
    const rail = next.length > 0 ? '│ ' : '  ';
    lines.push(`${indent}${last ? '└─ ' : '├─ '}${processLine(process, options.paint)}`);
    lines.push(...below(process.id).map((line) => `${inner}${rail}${line}`));
    stack.push(...siblings(next, inner));
  }
  const unreached = behavior.processes.length - visited.size;
  return unreached === 0 ? lines : [...lines, `${unreached} more processes are their own ancestors, which cannot be`];
}

interface Branch {
  readonly process: Process;
  readonly indent: string;
  readonly last: boolean;
}

/** Last first: they are taken from the end. */
function siblings(processes: readonly Process[], indent: string): Branch[] {
  return processes.map((process, index) => ({ process, indent, last: index === processes.length - 1 })).toReversed();
}

function processLine(process: Process, paint: Paint): string {
  const { actors, maxInstances } = process;
  const notes = [
    ...actors.filter((actor) => actor !== 'entrypoint'),
    ...(maxInstances > 1 ? [`up to ${maxInstances} at once`] : []),
    ...alike(process.commonalityOf),
  ];
  const facts = notes.length === 0 ? '' : paint('dim', ` (${notes.join(', ')})`);
  return `${paint('bold', safe(programText(process)))}${score(process)}${facts}`;
}

/** Only where containers differ. */
function alike({ files = 100, dns = 100, network = 100 }: NonNullable<Process['commonalityOf']> = {}): string[] {
  const parts = Object.entries({ files, names: dns, endpoints: network }).filter(([, percent]) => percent < 100);
  return parts.length === 0 ? [] : [`alike: ${parts.map(([kind, percent]) => `${kind} ${percent} %`).join(', ')}`];
}

/** That its one container showed it says nothing where it is known how often it did. */
function score({ commonality, recurrence }: Pick<Entry, 'commonality' | 'recurrence'>): string {
  if (recurrence !== undefined) return ` ${recurrence} % of periods`;
  return commonality === undefined ? '' : ` ${commonality} %`;
}

interface Entry {
  readonly text: string;
  readonly commonality?: number;
  readonly recurrence?: number;
}

function worth({ commonality, recurrence }: Entry): number {
  return recurrence ?? commonality ?? -1;
}

function belowProcess(behavior: Behavior, { most, paint }: ProfileTextOptions): (id: string) => string[] {
  const files = Map.groupBy(behavior.files, ({ processId }) => processId);
  const dns = Map.groupBy(behavior.dns, ({ processId }) => processId);
  const network = Map.groupBy(behavior.network, ({ processId }) => processId);
  const shown = (word: string, entries: readonly Entry[]): string[] => {
    const sorted = [...entries].sort((left, right) => worth(right) - worth(left));
    const more = sorted.length - most;
    return [
      ...sorted.slice(0, most).map((one) => `${paint('cyan', word)} ${safe(one.text)}${score(one)}`),
      ...(more > 0 ? [paint('dim', `${word} … and ${more} more (--all)`)] : []),
    ];
  };
  return (id) => [
    ...shown(
      'file',
      (files.get(id) ?? []).map(({ path, access, pattern, ...rest }) => ({
        text: `${path} (${[...access, ...made(pattern, 'name')].join(', ')})`,
        ...rest,
      })),
    ),
    ...shown(
      'name',
      (dns.get(id) ?? []).map(({ name, types, pattern, ...rest }) => ({
        text: `${name} (${[...types, ...made(pattern, 'name')].join(', ')})`,
        ...rest,
      })),
    ),
    ...shown(
      'net ',
      (network.get(id) ?? []).map(({ direction, protocol, peer, port, pattern, oneContainer, ...rest }) => ({
        text: [
          direction,
          protocol,
          peer,
          port === undefined ? 'any port' : `port ${port}`,
          blocks(peer, pattern),
          oneContainer && 'by one container: not known',
        ]
          .filter((part) => part !== undefined)
          .join(' '),
        ...rest,
      })),
    ),
  ];
}

type Pattern = Behavior['files'][number]['pattern'];

/** Of what stands for many, how many were seen: exact up to 31. */
function made(pattern: Pattern, word: string): string[] {
  if (pattern === undefined) return [];
  const { count } = pattern;
  return [`${count < memberHashes ? '' : 'about '}${count} ${word}${count === 1 ? '' : 's'}`];
}

function blocks(peer = '', pattern: Pattern): string | undefined {
  const [what] = made(pattern, 'block');
  if (what === undefined) return undefined;
  return peer.endsWith('/0') ? `(all over the Internet, ${what})` : `(${what})`;
}

function names({ syscalls = [], capabilities = [] }: Behavior): string[] {
  return [
    ...(capabilities.length === 0 ? [] : ['', `capabilities ${safe(capabilities.join(' '))}`]),
    ...(syscalls.length === 0 ? [] : ['', `system calls ${safe(syscalls.join(' '))}`]),
  ];
}
