/**
 * What containers did that a profile does not know, by the raw snapshots in the store. Containers of a finished profile are
 * not watched any more, so it is asked of a time before: what came since, by what was known then; or of one container.
 *
 * All of it happens in a thread of its own (reading-thread.ts). Measured: a snapshot of 1,000 behaviours is read and matched in
 * 9 ms, one of 10,000 files and 7.5 MB in 0.3 s; a profile of 1,000 behaviours is read and compiled in 25 ms, one of 20,000
 * files in 0.4 s; looking up what is near takes 10 ms at most.
 */
import type { Image } from '../../core/image.ts';
import { type CheckedAgainst, type CheckResult, ProfileCheck } from '../../core/match/check.ts';
import { type KnownBehaviour, knownByEvidence } from '../../core/match/known-behaviour.ts';
import { type Reported, reported } from '../../core/match/reported.ts';
import type { Evidence } from '../../core/profile/evidence.ts';
import { withoutQuarantined } from '../../core/profile/quarantine.ts';
import type { CheckMetrics } from '../metrics/checks.ts';
import type { Found, UnknownAnswer, UnknownQuestion } from '../server/ports.ts';
import type { ProfileRecord, StoredSnapshot } from '../store/store.ts';
import { CompiledProfiles, contentDigest } from './compiled-profiles.ts';
import { unpackEvidence } from './evidence-bytes.ts';
import type { Reads } from './reading-protocol.ts';
import { evidenceAt, readStored, UnreadableSnapshot } from './rebuild.ts';

export interface UnknownOptions {
  readonly reads: Omit<Reads, 'profile' | 'lostPeriods'>;
  readonly metrics: Pick<CheckMetrics, 'onProfile' | 'onChecked'>;
  /** Of compiled profiles. */
  readonly secret: Uint8Array;
  /** Snapshots of one answer, compared or looked at; a parameter for tests. */
  readonly maxSnapshots?: number;
}

/** As many as end learning by default, and some: usual ones take 2 s, the largest 80 s. */
const defaultSnapshots = 256;
/** Of up to 1 MiB each. */
const pageSize = 8;
/** More than anybody reads. Sentences are short, lineages of long paths are not: together they are 4 MiB at most. */
const maxRows = 200;
const maxRowBytes = 4 * 1024 * 1024;

/** For metrics: what was compared, and how many compiled profiles are kept now. */
export interface Checked {
  readonly snapshots: number;
  readonly unreadable: number;
  readonly omitted: number;
  readonly kept: number;
}

/** Instead of an answer. */
type NoAnswer = Exclude<UnknownAnswer, Found>;

export function unknownBehaviours(
  options: UnknownOptions,
): (question: UnknownQuestion) => Promise<NoAnswer | { readonly kind: 'found'; readonly value: unknown }> {
  const { reads: store, metrics, maxSnapshots = defaultSnapshots } = options;
  const compiled = new CompiledProfiles(options.secret, metrics.onProfile);

  async function answer(question: UnknownQuestion): ReturnType<ReturnType<typeof unknownBehaviours>> {
    const image = await store.imageNamed(question.name);
    const stored = image === undefined ? undefined : await store.evidence(image);
    if (image === undefined || stored === undefined) return { kind: 'nothing' };
    const current = await unpackEvidence(stored.evidence);
    const own = question.namespace === undefined ? undefined : containersOf(current.evidence, question.namespace);
    if (own?.size === 0) return { kind: 'nothing' };
    const asked = await whatIsAsked(question, image, stored.profile, store);
    if ('kind' in asked) return asked;

    const learned = await knownAt(
      store,
      image,
      { ...question, since: asked.since },
      { ...stored, decoded: current.evidence },
    );
    if (learned.kind !== 'known') return learned;
    const { clean, digest } = learned;
    const known = once(() => knownByEvidence(clean()));
    const { result, more, unreadable } = await compare(image, within(asked, own), compiled.get(digest, known));
    if (result.snapshots + unreadable === 0) return nothingCompared(question, stored.profile);
    const { rows, ...facts } = result;
    const unknown = reportedWithin(toldOf(question, { known, clean }), rows);
    const omitted = facts.omitted + rows.length - unknown.length;
    metrics.onChecked({ snapshots: facts.snapshots, unreadable, omitted, kept: compiled.size });
    const profile = profileFacts(stored.profile, digest === undefined ? asked.since : undefined);
    return { kind: 'found', value: { profile, ...facts, ...without({ more, unreadable }), omitted, unknown } };
  }

  async function compare(
    image: Image,
    what: Asked,
    against: CheckedAgainst,
  ): Promise<{ readonly result: CheckResult; readonly more: boolean; readonly unreadable: number }> {
    const check = new ProfileCheck(against);
    let looked = 0;
    let unreadable = 0;
    for await (const one of snapshotsOf(store, image, what)) {
      if (looked === maxSnapshots) return { result: check.result(), more: true, unreadable };
      looked += 1;
      const read = await readIfPossible(one);
      if (read === undefined) unreadable += 1;
      else check.add(read.snapshot, read.context);
    }
    return { result: check.result(), more: false, unreadable };
  }

  return answer;
}

/** What the answer says of snapshots that it is not about; nothing if there are none. */
function without({ more, unreadable }: { readonly more: boolean; readonly unreadable: number }) {
  return { ...(more && { moreSnapshots: true }), ...(unreadable > 0 && { unreadable }) };
}

/** One that is damaged is counted: it must not take the answer about all others with it. */
async function readIfPossible(stored: StoredSnapshot): Promise<Awaited<ReturnType<typeof readStored>> | undefined> {
  try {
    return await readStored(stored);
  } catch (error) {
    if (error instanceof UnreadableSnapshot) return undefined;
    throw error;
  }
}

/** @param at if it is the profile as it was then */
function profileFacts({ image, name, state }: ProfileRecord, at: number | undefined) {
  return {
    name,
    image: { name: image.name, tag: image.tag },
    state: state === 'stable' ? 'Stable' : 'Learning',
    ...(at !== undefined && { at: new Date(at).toISOString() }),
  };
}

interface Current {
  readonly profile: ProfileRecord;
  readonly evidence: Uint8Array;
  readonly decoded: Evidence;
}

type Known =
  | {
      readonly kind: 'known';
      /** Evidence without what is in quarantine. */
      readonly clean: () => Evidence;
      /** Of what the store has; absent for what was. */
      readonly digest?: string;
    }
  | NoAnswer;

async function knownAt(
  store: UnknownOptions['reads'],
  image: Image,
  { since, confined }: Pick<UnknownQuestion, 'since' | 'confined'>,
  { profile, evidence, decoded }: Current,
): Promise<Known> {
  const marks = await store.quarantined(image);
  const of = (all: Evidence): (() => Evidence) => once(() => withoutQuarantined(all, marks));
  if (since === undefined || since >= profile.lastSnapshotAt) {
    return { kind: 'known', clean: of(decoded), digest: contentDigest(evidence, marks) };
  }
  const then = await evidenceAt(store, image, since);
  // Which snapshots there were, and of whom, is not for everybody.
  if (then.kind === 'gone') return { kind: 'gone', reason: confined === true ? goneBefore : then.reason };
  return then.kind === 'nothing' ? nothingKnownThen : { kind: 'known', clean: of(then.evidence) };
}

interface Asked {
  readonly since: number | undefined;
  /** Of these containers; of all if absent. */
  readonly containerIds?: readonly string[];
}

/**
 * Of these containers alone, before anything is read or counted: how many snapshots there are of others, and whether they can
 * be read, shall make no difference.
 */
function within(asked: Asked, own: ReadonlySet<string> | undefined): Asked {
  if (own === undefined) return asked;
  return { ...asked, containerIds: asked.containerIds?.filter((id) => own.has(id)) ?? [...own] };
}

async function whatIsAsked(
  { since, containerId, pod }: UnknownQuestion,
  image: Image,
  { state, sealedAt }: ProfileRecord,
  { podContainers }: Pick<Reads, 'podContainers'>,
): Promise<Asked | NoAnswer> {
  if (containerId !== undefined) return { since, containerIds: [containerId] };
  if (pod !== undefined) {
    const containerIds = await podContainers(image, pod);
    return containerIds.length === 0 ? noSuchPod(pod) : { since, containerIds };
  }
  if (since === undefined && state === 'learning') return stillLearning;
  return { since: since ?? sealedAt };
}

async function* snapshotsOf(
  store: UnknownOptions['reads'],
  image: Image,
  { since, containerIds }: Asked,
): AsyncGenerator<StoredSnapshot> {
  const what = { ...(since !== undefined && { since }), ...(containerIds !== undefined && { containerIds }) };
  for (let after: string | undefined; ;) {
    const page = await store.snapshots(image, { ...what, limit: pageSize, ...(after !== undefined && { after }) });
    yield* page;
    after = page.at(-1)?.snapshotId;
    if (after === undefined) return;
  }
}

function reportedWithin(known: () => KnownBehaviour, rows: CheckResult['rows']): Reported[] {
  const unknown: Reported[] = [];
  let room = maxRowBytes;
  for (const row of rows.slice(0, maxRows)) {
    const one = reported(known(), row);
    room -= JSON.stringify(one).length;
    if (room < 0) break;
    unknown.push(one);
  }
  return unknown;
}

/** Those that taught it. Workloads are `namespace/Kind/name`, and no namespace has a slash in its name. */
function containersOf({ containers }: Evidence, namespace: string): ReadonlySet<string> {
  return new Set(containers.filter(({ workload }) => workload.startsWith(`${namespace}/`)).map(({ id }) => id));
}

/** What who asks may be told of the profile. */
function toldOf(
  { namespace = '', confined }: UnknownQuestion,
  { known, clean }: { readonly known: () => KnownBehaviour; readonly clean: () => Evidence },
): () => KnownBehaviour {
  return confined === true ? once(() => knownByEvidence(shownIn(clean(), namespace))) : known;
}

/** Evidence as if no other namespace had shown anything: what all others showed is held back. */
function shownIn(evidence: Evidence, namespace: string): Evidence {
  const all = new Set(evidence.containers.map(({ workload }) => workload.slice(0, workload.indexOf('/'))));
  all.delete(namespace);
  return withoutQuarantined(
    evidence,
    Array.from(all, (other) => ({ whole: 'namespace', namespace: other })),
  );
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}

const goneBefore =
  'not all that the profile was made of by then is kept: retention or the archive dropped it. Name a later time';

const nothingKnownThen: NoAnswer = {
  kind: 'nothing-to-compare',
  code: 'nothing-known-then',
  reason: 'nothing had been learned of the image by then: ask for a later time',
};

const stillLearning: NoAnswer = {
  kind: 'nothing-to-compare',
  code: 'still-learning',
  reason:
    'the profile is still learning, so all that its containers did is in it: name a time (since) for what came later and was not known then, or a container or pod',
};

const notKept =
  'no snapshot of this container is kept: it was not profiled (the list of containers says why), or retention dropped them. Name another container or pod, or a time (since)';

function noSuchPod({ namespace, name }: NonNullable<UnknownQuestion['pod']>): NoAnswer {
  const reason = `the API server shows no container of this image in a pod ${namespace}/${name}, nor did it in the last hour: name the container by its id`;
  return { kind: 'nothing-to-compare', code: 'no-such-pod', reason };
}

/** Who may not read the profile is not told when others taught it. */
function nothingCompared(question: UnknownQuestion, profile: ProfileRecord): NoAnswer {
  const { containerId, pod, since, confined } = question;
  const of = (reason: string): NoAnswer => ({ kind: 'nothing-to-compare', code: 'no-snapshots', reason });
  if (containerId !== undefined || pod !== undefined) return of(notKept);
  const { state, sealedAt = 0, firstSnapshotAt, lastSnapshotAt } = profile;
  const last = confined === true ? '' : `: the last one came at ${iso(lastSnapshotAt)}`;
  const came = since === undefined ? `since the profile was finished at ${iso(sealedAt)}` : `after ${iso(since)}`;
  const why = state === 'stable' ? '. Containers of a finished profile are not watched any more' : '';
  const range =
    confined === true || firstSnapshotAt === lastSnapshotAt
      ? 'an earlier time (since)'
      : `a time (since) from ${iso(firstSnapshotAt)} on and before ${iso(lastSnapshotAt)}`;
  return of(
    `no snapshot came ${came}${last}${why}. Name ${range}: what came after it is compared with what was known by then`,
  );
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
