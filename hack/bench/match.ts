/**
 * Matching one event against a compiled profile, from the event as the kernel side gives it: its canonical form, and the
 * verdict. Beside it, in each round, what else one could do with the same event: look its key up in a Map that holds every
 * behaviour as a string, and only hash the key with SHA-256.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { identify } from '../../core/activity/identity.ts';
import { type CompiledProfile, openProfile } from '../../core/match/compiled-profile.ts';
import { compileProfile } from '../../core/match/compile.ts';
import { observedIn } from '../../core/match/observed.ts';
import type { Measurement } from './measurement.ts';
import { profileOf, search, type Work, workOn } from './match-workload.ts';
import { alternate, type Configuration, figures, ratio } from './paired.ts';
import { summarize } from './statistics.ts';

const sizes = [500, 5_000, 50_000] as const;
const largest = sizes[2];
const events = 4_000;
const repeats = 10;

interface Verdicts {
  known: number;
  unseen: number;
  undecidable: number;
}

function opened(entries: number): { readonly profile: CompiledProfile; readonly bytes: number } {
  const bytes = compileProfile(profileOf(entries), { secret: new Uint8Array(16) });
  const result = openProfile(bytes);
  if (!result.ok) throw new Error(result.reason);
  return { profile: result.profile, bytes: bytes.length };
}

/** Places are found before, as an agent does at each exec; an exec itself is what is measured of it. */
function matcher(profile: CompiledProfile, work: readonly Work[]): () => Verdicts {
  const placed = work.map((one) => ({ ...one, place: profile.place(undefined, { executable: one.executable }) }));
  return () => {
    const verdicts = { known: 0, unseen: 0, undecidable: 0 };
    for (const { event, place, execution, peer } of placed) {
      if (execution !== undefined) verdicts[profile.place(undefined, identify(execution)).match.verdict] += 1;
      for (const observed of observedIn(event)) {
        const resolved = observed.kind === 'network' ? { ...observed, peer } : observed;
        verdicts[profile.match(place, resolved, search).verdict] += 1;
      }
    }
    return verdicts;
  };
}

function timed(name: string, run: () => unknown): Configuration {
  // The first runs are the compiler's.
  for (let round = 0; round < repeats; round += 1) run();
  const measure = (): Promise<{ ns: number }> => {
    // Time on a processor: what else the machine does is no part of it.
    const before = process.threadCpuUsage();
    for (let round = 0; round < repeats; round += 1) run();
    const { user, system } = process.threadCpuUsage(before);
    return Promise.resolve({ ns: ((user + system) * 1_000) / repeats / events });
  };
  return { name, measure };
}

const sizeName = (entries: number): string => `${entries} entries`;

export async function measureMatching(rounds: number, progress: (text: string) => void): Promise<Measurement[]> {
  const profiles = sizes.map((entries) => ({ entries, ...opened(entries) }));
  const matchers = profiles.map(({ entries, profile }) => ({
    entries,
    run: matcher(profile, workOn(entries, events)),
  }));
  for (const { entries, run } of matchers) {
    const { known, unseen, undecidable } = run();
    if (unseen !== events / 20 || undecidable > 0) {
      throw new Error(`of ${events} events against ${entries} entries ${known} were known, ${unseen} unseen`);
    }
  }
  const work = workOn(largest, events);
  const evidence = profileOf(largest);
  const table = new Map<string, object>([
    ...evidence.processes,
    ...evidence.files,
    ...evidence.dns,
    ...evidence.network,
  ]);
  // A new string each time, as an event brings it: its hash is not known yet.
  const lookUp = (): number =>
    work.reduce((found, { key }) => found + (table.has(`${key.slice(0, 8)}${key.slice(8)}`) ? 1 : 0), 0);
  const digest = (): number => work.reduce((sum, { key }) => sum + (sha256(utf8ToBytes(key))[0] ?? 0), 0);
  const series = await alternate(
    [
      ...matchers.map(({ entries, run }) => timed(sizeName(entries), run)),
      timed('Map', lookUp),
      timed('SHA-256', digest),
    ],
    rounds,
    progress,
  );
  const time = summarize(figures(series, sizeName(largest), 'ns'));
  const growth = ratio(series, 'ns', sizeName(largest), sizeName(sizes[0]));
  const spread = ({ low, high, count }: typeof time): NonNullable<Measurement['spread']> => ({ low, high, count });
  const nanoseconds = sizes.map(
    (entries) => `${Math.round(summarize(figures(series, sizeName(entries), 'ns')).median)} ns at ${entries}`,
  );
  const bytes = profiles.map(({ entries, bytes: length }) => `${(length / 1024).toFixed(0)} KiB at ${entries}`);
  return [
    {
      what: `match one event against a profile of ${largest} entries`,
      value: time.median,
      unit: 'ns',
      spread: spread(time),
      budget: { atMost: 3_000 },
      note: `${nanoseconds.join(', ')}; compiled ${bytes.join(', ')}`,
    },
    ...(['Map', 'SHA-256'] as const).map((baseline): Measurement => {
      const against = ratio(series, 'ns', sizeName(largest), baseline);
      const what = baseline === 'Map' ? 'a look into a Map of all keys' : "SHA-256 of the event's key";
      return { what: `the same, against ${what}`, value: against.median, unit: 'ratio', spread: spread(against) };
    }),
    {
      what: `the same, against a profile of ${sizes[0]} entries`,
      value: growth.median,
      unit: 'ratio',
      spread: spread(growth),
      // Nothing is searched: what grows is how often the table is not in the nearest cache.
      budget: { atMost: 1.5 },
    },
  ];
}
