import { Recording } from '../../../core/activity/testing/recording.ts';
import { compileProfile } from '../../../core/match/compile.ts';
import { evidenceOf, secret } from '../../../core/match/testing.ts';

/** A compiled profile of a container in which this program ran. */
export function profileBytes(executable: string): Uint8Array {
  return compileProfile(evidenceOf(new Recording().exec(1, executable).events), { secret });
}
