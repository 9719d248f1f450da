/** Compiled profiles that were asked for lately, by what they were compiled of: compiling costs more than comparing. */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { CheckedAgainst } from '../../core/match/check.ts';
import { compileKnown } from '../../core/match/compile.ts';
import { openProfile } from '../../core/match/compiled-profile.ts';
import type { KnownBehaviour } from '../../core/match/known-behaviour.ts';
import type { QuarantineMark } from '../../core/profile/quarantine.ts';

/** Of at most 400 KB each, with some 600 names beside: 13 MB. People ask about a few images at a time. */
const maxProfiles = 32;

export type Compiling = 'cached' | 'compiled';

/** Of the stored evidence and what holds back of it: equal ones know the same. */
export function contentDigest(evidence: Uint8Array, quarantine: readonly QuarantineMark[]): string {
  return hash('sha256', `${hash('sha256', evidence)} ${JSON.stringify(quarantine)}`);
}

export class CompiledProfiles {
  readonly #compiled = new LRUCache<string, CheckedAgainst>({ max: maxProfiles });
  readonly #secret: Uint8Array;
  readonly #onUse: (how: Compiling) => void;

  /** @param secret from which the key of each profile comes, the same ever after (core/match/compile.ts) */
  constructor(secret: Uint8Array, onUse: (how: Compiling) => void) {
    this.#secret = secret;
    this.#onUse = onUse;
  }

  get size(): number {
    return this.#compiled.size;
  }

  /** @param digest absent for what nobody will ask for again */
  get(digest: string | undefined, known: () => KnownBehaviour): CheckedAgainst {
    const cached = digest === undefined ? undefined : this.#compiled.get(digest);
    this.#onUse(cached === undefined ? 'compiled' : 'cached');
    if (cached !== undefined) return cached;
    const compiled = this.#compile(known());
    if (digest !== undefined) this.#compiled.set(digest, compiled);
    return compiled;
  }

  #compile(known: KnownBehaviour): CheckedAgainst {
    const opened = openProfile(compileKnown(known, { secret: this.#secret }));
    if (!opened.ok) throw new Error(opened.reason);
    const { kinds, syscalls, capabilities } = known;
    return { profile: opened.profile, known: { kinds, syscalls, capabilities } };
  }
}
