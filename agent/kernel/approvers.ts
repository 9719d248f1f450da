/** What a rule could match, as user space states it, and the keys under which the kernel side looks for it. */
import { pathEventTypes } from '../../core/event/path-event.ts';
import { hashName } from './name-hash.ts';
import type { RecordTypeName } from './record-sources.ts';

/**
 * A condition that every event of one rule fulfils. What passes is a candidate: the rule itself is evaluated in user space,
 * so an approver may let through too much, never too little.
 */
export interface Approver {
  readonly record: RecordTypeName;
  /** Base name of the file, letters in either case. Only opens and changes of files can tell; for other records any passes. */
  readonly name?: string;
  /** Directory at or below which the file lies, absolute and canonical; its first eight names count. Only opens can tell. */
  readonly prefix?: string;
  /**
   * One of them must be set. Flags of open(2); of a capability, the bit of its number modulo 32, so that those from 32 on come with
   * others. Other records have none.
   */
  readonly flags?: number;
  /** Events beyond this rate are counted and dropped. Without it there is no limit. */
  readonly limit?: { readonly perSecond: number; readonly burst: number };
  /** The rule acts on what it finds: the reader is woken at once. */
  readonly urgent?: boolean;
}

/** `enum approval` of agent/bpf/maps.h. */
export const Approval = { any: 1, name: 2, prefix: 4 } as const;
type Way = keyof typeof Approval;

export interface ApproverKey {
  readonly record: RecordTypeName;
  readonly how: Way;
  readonly hash: bigint;
}

/** PREFIX_DEPTH, APPROVERS_IN_SET and APPROVERS_OF_KEY of agent/bpf/maps.h. */
const PREFIX_DEPTH = 8;
export const APPROVERS_IN_SET = 512;
export const APPROVERS_OF_KEY = 8;
const NAME_MAX = 255;

/**
 * Records whose names the kernel side looks at, and those of which it knows the directories too; an approver of another
 * record passes all of its events. Names are those that the program passed: a symbolic link has its own.
 */
const looksAtNames: ReadonlySet<RecordTypeName> = new Set<RecordTypeName>(['open', ...pathEventTypes]);
const looksAtDirectories: ReadonlySet<RecordTypeName> = new Set<RecordTypeName>(['open']);

function componentsOf(path: string): Buffer[] {
  return path
    .split('/')
    .filter((name) => name !== '')
    .map((name) => Buffer.from(name));
}

function nameProblem(name: string): string | undefined {
  if (name === '' || /[/\0]/.test(name)) return `"${name}" is not the base name of a file`;
  return Buffer.byteLength(name) > NAME_MAX ? `a name has at most ${NAME_MAX} bytes` : undefined;
}

function problemOf({ name, prefix, limit }: Approver): string | undefined {
  if (name !== undefined && prefix !== undefined) return 'has both a name and a prefix: give the narrower one';
  if (prefix !== undefined && !prefix.startsWith('/')) return `prefix "${prefix}" is not absolute`;
  if (limit !== undefined && !(limit.perSecond > 0 && limit.burst >= 1)) {
    return 'a limit allows more than 0 events per second and a burst of at least 1';
  }
  return name === undefined ? undefined : nameProblem(name);
}

/** @throws Error if no file can have this name, or the limit lets nothing through. */
export function keyOf(approver: Approver, seed: bigint): ApproverKey {
  const { record, name, prefix } = approver;
  const problem = problemOf(approver);
  if (problem !== undefined) throw new Error(`approver of ${record}: ${problem}`);
  const components = componentsOf(prefix ?? '').slice(0, PREFIX_DEPTH);
  if (name !== undefined && looksAtNames.has(record))
    return { record, how: 'name', hash: hashName(Buffer.from(name), seed) };
  // Without any name above it a prefix is the root: everything.
  if (components.length === 0 || !looksAtDirectories.has(record)) return { record, how: 'any', hash: 0n };
  return { record, how: 'prefix', hash: components.reduce((hash, each) => hashName(each, hash), seed) };
}

/** Approvers by key, each with its number from 1 on. @throws Error if there are more than the maps hold. */
export function groupByKey(
  approvers: readonly Approver[],
  seed: bigint,
): { readonly key: ApproverKey; readonly numbers: number[] }[] {
  if (approvers.length >= APPROVERS_IN_SET) {
    throw new Error(`${approvers.length} approvers are too many: ${APPROVERS_IN_SET - 1} fit; join some of them`);
  }
  const groups = new Map<string, { readonly key: ApproverKey; readonly numbers: number[] }>();
  approvers.forEach((approver, index) => {
    const key = keyOf(approver, seed);
    const text = `${key.record} ${key.how} ${key.hash}`;
    const group = groups.get(text) ?? { key, numbers: [] };
    group.numbers.push(index + 1);
    groups.set(text, group);
    if (group.numbers.length > APPROVERS_OF_KEY) {
      throw new Error(`more than ${APPROVERS_OF_KEY} approvers of ${key.record} have one condition: join some of them`);
    }
  });
  return [...groups.values()];
}
