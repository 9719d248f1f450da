/** Which profiles leave the cluster for the archive. Pure. */
import type { Image } from '../../core/image.ts';

export interface Candidate {
  readonly image: Image;
  /** Running ones stay, whatever the limits: they would be back a moment later. */
  readonly running: boolean;
  /** A person wants it to stay. */
  readonly keep: boolean;
  /** Milliseconds since the epoch. */
  readonly lastRunAt: number;
  /** Of its object. */
  readonly bytes: number;
}

export interface GarbageLimits {
  readonly idleMs: number;
  /** Of one image name. */
  readonly tags: number;
  readonly bytes: number;
}

export interface Garbage {
  readonly image: Image;
  readonly why: 'idle' | 'tags' | 'bytes';
}

/** Those that ran least recently first. */
export function garbage(profiles: readonly Candidate[], limits: GarbageLimits, now: number): Garbage[] {
  const oldestFirst = [...profiles].sort((left, right) => left.lastRunAt - right.lastRunAt);
  const tags = new Map<string, number>();
  for (const { image } of profiles) tags.set(image.name, (tags.get(image.name) ?? 0) + 1);
  let bytes = profiles.reduce((sum, profile) => sum + profile.bytes, 0);

  const gone = new Map<Candidate, Garbage['why']>();
  const take = (why: Garbage['why'], isOver: (profile: Candidate) => boolean): void => {
    for (const profile of oldestFirst) {
      if (profile.running || profile.keep || gone.has(profile) || !isOver(profile)) continue;
      gone.set(profile, why);
      tags.set(profile.image.name, (tags.get(profile.image.name) ?? 0) - 1);
      bytes -= profile.bytes;
    }
  };
  take('idle', ({ lastRunAt }) => now - lastRunAt >= limits.idleMs);
  take('tags', ({ image }) => (tags.get(image.name) ?? 0) > limits.tags);
  take('bytes', () => bytes > limits.bytes);
  return [...gone].map(([{ image }, why]) => ({ image, why }));
}
