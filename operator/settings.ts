/**
 * The settings in force, made from a WorkloadSecurityConfig: durations in milliseconds, defaults filled in. The defaults
 * and limits are those of crds/workload-security-config.ts (a test compares them); they are checked here again, because
 * the object may be older than the schema.
 */
import { parse } from 'tldts';
import { z } from 'zod';
import { parseDuration } from '../core/duration.ts';
import type { ClusterNames } from '../core/profile/dns-names.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const mebibyte = 1024 * 1024;

/** A duration in milliseconds from its text. */
const duration = (fallback: string, least: number, most: number, range: string) =>
  z
    .string()
    .default(fallback)
    .transform((text, context) => {
      const milliseconds = parseDuration(text);
      if (milliseconds !== undefined && milliseconds >= least && milliseconds <= most) return milliseconds;
      context.addIssue({ code: 'custom', message: `"${text.slice(0, 40)}" is not a duration ${range}` });
      return z.NEVER;
    });

const whole = (fallback: number, least: number, most: number) => z.int().min(least).max(most).default(fallback);

const domain = z
  .string()
  .max(253)
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/,
    'is not a domain in lower case, without dots at its ends',
  )
  // Names below it may be left out of profiles: below these, anybody can have one.
  .refine(isOwned, 'is a domain in which anybody can register names');

const exclusion = z
  .object({ namespace: z.string().max(63).exactOptional(), image: z.string().min(1).max(384).exactOptional() })
  .refine(
    ({ namespace, image }) => namespace !== undefined || image !== undefined,
    'names neither namespace nor image',
  );

const specSchema = z
  .object({
    profiling: z
      .object({
        enabled: z.boolean().default(true),
        maxContainersPerNode: whole(5, 1, 100),
        snapshotPeriod: duration('30m', 10 * second, 24 * hour, 'from 10s to 24h'),
        exclude: z.array(exclusion).max(64).default([]),
      })
      .prefault({}),
    learning: z
      .object({
        snapshots: whole(200, 1, 1_000),
        period: duration('48h', second, 2_160 * hour, 'from 1s to 2160h'),
        minSnapshotCoverage: duration('5m', 0, 24 * hour, 'of at most 24h'),
        startPhase: duration('180s', 0, hour, 'of at most 1h'),
        onNewDigest: z.enum(['Auto', 'Keep', 'Relearn']).default('Auto'),
        clusterDomain: domain.default('cluster.local'),
        searchDomains: z.array(domain).max(8).default([]),
      })
      .prefault({}),
    publishing: z
      .object({
        interval: duration('5m', second, 24 * hour, 'from 1s to 24h'),
        labels: z.array(z.string().min(1).max(317)).max(8).default(['service', 'env', 'team']),
      })
      .prefault({}),
    retention: z
      .object({
        snapshotAge: duration('2160h', hour, 17_520 * hour, 'from 1h to 17520h'),
        snapshotBytes: whole(512 * mebibyte, 0, 2 ** 40),
        profileIdle: duration('720h', hour, 17_520 * hour, 'from 1h to 17520h'),
        profileTags: whole(10, 1, 1_000),
        profileBytes: whole(64 * mebibyte, mebibyte, 1_024 * mebibyte),
        archiveAge: duration('8760h', hour, 87_600 * hour, 'from 1h to 87600h'),
        archiveBytes: whole(128 * mebibyte, 0, 2 ** 40),
      })
      .prefault({}),
  })
  .refine(({ learning, profiling }) => learning.minSnapshotCoverage <= profiling.snapshotPeriod, {
    path: ['learning', 'minSnapshotCoverage'],
    message: 'must not be longer than profiling.snapshotPeriod, or hardly any snapshot would count',
  });

export interface Settings {
  readonly profiling: {
    readonly enabled: boolean;
    readonly maxContainersPerNode: number;
    readonly snapshotPeriodMs: number;
    /** Containers that match every field of any entry are never profiled. */
    readonly exclude: readonly Exclusion[];
  };
  readonly learning: {
    /** Counted snapshots that make a profile stable. */
    readonly snapshots: number;
    /** Time since the first snapshot that makes a profile stable. */
    readonly periodMs: number;
    /** A snapshot counts if it covers so much, or the whole life of its container. */
    readonly minSnapshotCoverageMs: number;
    readonly startPhaseMs: number;
    readonly onNewDigest: 'Auto' | 'Keep' | 'Relearn';
    readonly clusterNames: ClusterNames;
  };
  readonly publishing: {
    readonly intervalMs: number;
    /** Keys of the labels of pods that profiles can be searched by. */
    readonly labels: readonly string[];
  };
  /** Of raw snapshots; whichever is reached first. */
  readonly retention: {
    readonly snapshotAgeMs: number;
    readonly snapshotBytes: number;
    readonly profileIdleMs: number;
    readonly profileTags: number;
    readonly profileBytes: number;
    readonly archiveAgeMs: number;
    readonly archiveBytes: number;
  };
}

export interface Exclusion {
  readonly namespace?: string;
  /** Pattern over the image: `*` for characters other than a slash, `**` for any. */
  readonly image?: string;
}

export type ParsedSettings =
  | { readonly ok: true; readonly settings: Settings }
  /** `spec.learning.period: "1d" is not a duration …`, one for each fault. */
  | { readonly ok: false; readonly problems: readonly string[] };

/** @param spec the spec of a WorkloadSecurityConfig, as it came */
export function parseSettings(spec: unknown): ParsedSettings {
  const parsed = specSchema.safeParse(spec);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${['spec', ...path].join('.')}: ${message}`);
    return { ok: false, problems };
  }
  const { profiling, learning, publishing, retention } = parsed.data;
  return {
    ok: true,
    settings: {
      profiling: {
        enabled: profiling.enabled,
        maxContainersPerNode: profiling.maxContainersPerNode,
        snapshotPeriodMs: profiling.snapshotPeriod,
        exclude: profiling.exclude,
      },
      learning: {
        snapshots: learning.snapshots,
        periodMs: learning.period,
        minSnapshotCoverageMs: learning.minSnapshotCoverage,
        startPhaseMs: learning.startPhase,
        onNewDigest: learning.onNewDigest,
        clusterNames: { clusterDomain: learning.clusterDomain, searchDomains: learning.searchDomains },
      },
      publishing: { intervalMs: publishing.interval, labels: publishing.labels },
      retention: {
        snapshotAgeMs: retention.snapshotAge,
        snapshotBytes: retention.snapshotBytes,
        profileIdleMs: retention.profileIdle,
        profileTags: retention.profileTags,
        profileBytes: retention.profileBytes,
        archiveAgeMs: retention.archiveAge,
        archiveBytes: retention.archiveBytes,
      },
    },
  };
}

/** Not on the public suffix list, as `com`, `co.uk` and `github.io` are. */
function isOwned(name: string): boolean {
  const { publicSuffix, isIcann, isPrivate } = parse(name, { allowPrivateDomains: true });
  return publicSuffix !== name || (isIcann !== true && isPrivate !== true);
}

/** Until the first WorkloadSecurityConfig was read. */
export const defaultSettings: Settings = defaults();

function defaults(): Settings {
  const parsed = parseSettings({});
  if (!parsed.ok) throw new Error(`the default settings are invalid: ${parsed.problems.join('; ')}`);
  return parsed.settings;
}
