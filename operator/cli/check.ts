/** What snapshots show that a profile does not know, found here, without a cluster. */
import { randomBytes } from 'node:crypto';
import type { Snapshot } from '../../core/activity/snapshot.ts';
import { ProfileCheck } from '../../core/match/check.ts';
import { compileKnown } from '../../core/match/compile.ts';
import { openProfile } from '../../core/match/compiled-profile.ts';
import { knownByPublication } from '../../core/match/known-behaviour.ts';
import { reported } from '../../core/match/reported.ts';
import type { CheckAnswer } from './input/check-answer.ts';
import type { ProfileDocument } from './input/profile-document.ts';
import { resolveOffline } from './offline-peers.ts';

export function checkOffline({ metadata, spec, status }: ProfileDocument, snapshots: readonly Snapshot[]): CheckAnswer {
  const known = knownByPublication(spec.behavior, spec.evidence);
  // Nobody else ever sees this form: whatever its key is, the answers are the same.
  const opened = openProfile(compileKnown(known, { secret: randomBytes(16) }));
  if (!opened.ok) throw new Error(opened.reason);
  const check = new ProfileCheck({ profile: opened.profile, known });
  for (const snapshot of snapshots) {
    check.add(snapshot, { namespace: snapshot.container.podNamespace, resolve: resolveOffline });
  }
  const { rows, ...result } = check.result();
  return {
    profile: {
      ...(metadata.name !== undefined && { name: metadata.name }),
      ...(spec.image !== undefined && { image: spec.image }),
      state: status.state ?? (spec.sealed ? 'Stable' : 'Learning'),
    },
    ...result,
    unknown: rows.map((row) => ({ ...reported(known, row) })),
  };
}
