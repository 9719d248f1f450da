/** A finished profile in the form that agents hold, made of what the store has of it. */
import { compileKnown, compilerRevision } from '../../core/match/compile.ts';
import { compiledDigest, decodeCompiled } from '../../core/match/compiled-format.ts';
import { knownByEvidence } from '../../core/match/known-behaviour.ts';
import { EvidenceFormatError } from '../../core/profile/decode-evidence.ts';
import { type QuarantineMark, withoutQuarantined } from '../../core/profile/quarantine.ts';
import type { CompiledFacts } from '../store/store.ts';
import { unpackEvidence } from './evidence-bytes.ts';

export interface Compiled {
  readonly kind: 'compiled';
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly facts: CompiledFacts;
}

/** There will be no compiled form of this evidence, however often it is tried; the reason is for the log. */
export interface NotCompiled {
  readonly kind: 'not-compiled';
  readonly reason: string;
}

/** Equal arguments give equal bytes. @param secret from which the key of each profile comes, the same ever after */
export async function compileStored(
  evidence: Uint8Array,
  quarantine: readonly QuarantineMark[],
  secret: Uint8Array,
): Promise<Compiled | NotCompiled> {
  try {
    const { evidence: all } = await unpackEvidence(evidence);
    const bytes = compileKnown(knownByEvidence(withoutQuarantined(all, quarantine)), { secret });
    return { kind: 'compiled', bytes, facts: factsOf(bytes) };
  } catch (error) {
    if (error instanceof EvidenceFormatError) return { kind: 'not-compiled', reason: error.message };
    throw error;
  }
}

function factsOf(bytes: Uint8Array): CompiledFacts {
  const decoded = decodeCompiled(bytes);
  if (!decoded.ok) throw new Error(decoded.reason);
  return {
    revision: compilerRevision,
    digest: compiledDigest(bytes),
    bytes: bytes.length,
    fingerprints: decoded.fingerprints.size,
    omitted: decoded.content.omitted,
  };
}
