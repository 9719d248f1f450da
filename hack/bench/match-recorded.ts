/** How much of a container's behaviour is known to a profile that only the other containers of its image taught. */
import { openProfile } from '../../core/match/compiled-profile.ts';
import { compileProfile } from '../../core/match/compile.ts';
import { matchSnapshot, resolve } from '../../core/match/testing.ts';
import { emptyEvidence, type Evidence } from '../../core/profile/evidence.ts';
import { evidenceOfSnapshot } from '../../core/profile/from-snapshot.ts';
import { mergeEvidence } from '../../core/profile/merge.ts';
import { contextOf } from '../../core/profile/testing.ts';
import { recordedImages, recordedSnapshots } from '../../test/fixtures/recorded-snapshots.ts';
import type { Measurement } from './measurement.ts';

/** Images with one recorded container have no others to learn from. */
export function measureUntaught(): Measurement[] {
  return recordedImages.flatMap((image): Measurement[] => {
    const snapshots = Map.groupBy(recordedSnapshots(image), ({ container }) => container.id);
    if (snapshots.size < 2) return [];
    const matches = [...snapshots].flatMap(([id, own]) => {
      const others = [...snapshots].flatMap(([other, all]) => (other === id ? [] : all));
      const opened = openProfile(compileProfile(learn(others), { secret: new Uint8Array(16) }));
      if (!opened.ok) throw new Error(opened.reason);
      return own.flatMap((snapshot) => matchSnapshot(opened.profile, snapshot));
    });
    const what = `recorded containers of ${image}: not known to the profile of the others`;
    const value = matches.filter(({ verdict }) => verdict !== 'known').length;
    return [{ what, value, unit: 'behaviours', note: `of ${matches.length}` }];
  });
}

function learn(snapshots: Iterable<Parameters<typeof evidenceOfSnapshot>[0]>): Evidence {
  let evidence = emptyEvidence;
  for (const snapshot of snapshots) {
    evidence = mergeEvidence(evidence, evidenceOfSnapshot(snapshot, contextOf({ resolve })));
  }
  return evidence;
}
