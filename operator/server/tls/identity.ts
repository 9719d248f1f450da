/**
 * The operator's TLS identity over time, as a pure step: what is there now and the time, to what shall be there.
 *
 * A CA is replaced in three moves, so that no agent ever meets a certificate that it cannot check: the next CA is published
 * beside the current one; a day later, when every agent has read it, it begins to sign; a week later the old one goes.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { issueServing, makeAuthority, validity, type KeyPair } from './authority.ts';

const day = 24 * 3_600_000;

export const lifetimes = {
  authority: 730 * day,
  /** A year ahead: operators that are switched off for months still rotate in time. */
  renewAuthorityBefore: 365 * day,
  serving: 90 * day,
  renewServingBefore: 30 * day,
  /** The kubelet brings a changed ConfigMap to its pods within two minutes; agents that are off for a day come back to it. */
  publishBeforeUse: day,
  keepPrevious: 7 * day,
} as const;

const pair = z.object({ cert: z.string(), key: z.string() });

export const identitySchema = z.object({
  current: pair,
  next: pair.optional(),
  previous: z.object({ cert: z.string(), replacedAt: z.number() }).optional(),
  serving: pair,
  names: z.array(z.string()),
});

export type TlsIdentity = z.infer<typeof identitySchema>;

/** Certificates that agents shall trust, PEM, the signing one first. */
export function bundle({ current, next, previous }: TlsIdentity): string {
  return [current.cert, next?.cert, previous?.cert].filter((cert) => cert !== undefined).join('');
}

function matches({ cert, key }: KeyPair): boolean {
  return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
}

/**
 * Whole, and valid now: anything else is made anew. A CA that was made while the clock was wrong begins in the future, where
 * no agent accepts it.
 */
function isUsable(identity: TlsIdentity, now: number): boolean {
  try {
    const pairs = [identity.current, identity.serving, ...(identity.next === undefined ? [] : [identity.next])];
    return pairs.every(matches) && isValid(identity.current, now);
  } catch {
    return false;
  }
}

function isValid({ cert }: KeyPair, now: number): boolean {
  const { validFrom, validTo } = validity(cert);
  return validFrom <= now && now < validTo;
}

async function begin(names: readonly string[], now: number): Promise<TlsIdentity> {
  const current = await makeAuthority(now, lifetimes.authority);
  return { current, serving: await issueServing(current, names, now, lifetimes.serving), names: [...names] };
}

/** @returns the same object if nothing is to be done */
export async function advance(
  identity: TlsIdentity | undefined,
  names: readonly string[],
  now: number,
): Promise<TlsIdentity> {
  if (identity === undefined || !isUsable(identity, now)) return begin(names, now);
  const rotated = dropPrevious(await rotateAuthority(identity, now), now);
  return renewServing(rotated, names, now);
}

async function rotateAuthority(identity: TlsIdentity, now: number): Promise<TlsIdentity> {
  const { next, ...rest } = identity;
  const { current } = identity;
  if (next === undefined) {
    if (validity(current.cert).validTo - now > lifetimes.renewAuthorityBefore) return identity;
    return { ...identity, next: await makeAuthority(now, lifetimes.authority) };
  }
  // Made while the clock was wrong: it could not take over in time.
  if (!isValid(next, now)) return rotateAuthority(rest, now);
  if (now - validity(next.cert).validFrom < lifetimes.publishBeforeUse) return identity;
  return { ...rest, current: next, previous: { cert: current.cert, replacedAt: now } };
}

function dropPrevious(identity: TlsIdentity, now: number): TlsIdentity {
  const { previous, ...rest } = identity;
  if (previous === undefined || now - previous.replacedAt < lifetimes.keepPrevious) return identity;
  return rest;
}

async function renewServing(identity: TlsIdentity, names: readonly string[], now: number): Promise<TlsIdentity> {
  const { current, serving } = identity;
  const fresh = isValid(serving, now) && validity(serving.cert).validTo - now > lifetimes.renewServingBefore;
  const issued = new X509Certificate(serving.cert).verify(new X509Certificate(current.cert).publicKey);
  const sameNames = names.length === identity.names.length && names.every((name) => identity.names.includes(name));
  if (fresh && issued && sameNames) return identity;
  return { ...identity, serving: await issueServing(current, names, now, lifetimes.serving), names: [...names] };
}
