/** Names that real servers make up anew each time: in the recordings they are those of one run, here of as many as there are. */
import type { SeededRandom } from '../../operator/testing/seeded-random.ts';

/** Of a path, what is made up. Found by comparing the recordings of three containers of each server. */
const madeUp: readonly RegExp[] = [
  // Python writes a module beside its name first.
  /(?<=\.pyc\.)\d+$/,
  // Flask keeps uploads, tempfile's own names among them.
  /(?<=^\/var\/lib\/notes\/tmp\/_?)[0-9a-z_]{7,8}$/,
  /(?<=^\/var\/lib\/notes\/tmp\/upload-)[0-9a-z_]{8}/,
  /(?<=^\/var\/lib\/notes\/note-)\d+/,
  // The Java program spreads its reports over directories.
  /(?<=^\/var\/cache\/reports\/)[0-9a-f]{2}$/,
  /(?<=^\/var\/cache\/reports\/)([0-9a-f]{2})\/\1[0-9a-f]{6}/,
  // PostgreSQL: shared memory, and caches by the number of their process.
  /(?<=^\/dev\/shm\/PostgreSQL\.)\d+/,
  /(?<=\/pg_internal\.init\.)\d+/,
  /(?<=\/temp-)\d+(?=\.rdb$)/,
];

const lowercase = 'abcdefghijklmnopqrstuvwxyz';

/** Names of one period of one container: one that comes twice is changed to the same again. */
export function randomNames(random: SeededRandom): (path: string) => string {
  const known = new Map<string, string>();
  const other = (found: string): string => {
    const name = known.get(found) ?? similar(found, random);
    known.set(found, name);
    return name;
  };
  return (path) => madeUp.reduce((text, part) => text.replace(part, other), path);
}

/** As long and of the same characters. */
function similar(found: string, random: SeededRandom): string {
  const spread = /^[0-9a-f]{2}\//.test(found) ? random.hex(8) : undefined;
  if (spread !== undefined) return `${spread.slice(0, 2)}/${spread}`;
  if (/^\d+$/.test(found))
    return found.replace(/\d/g, (_, at) => String(at === 0 ? 1 + random.below(9) : random.below(10)));
  if (/^[0-9a-f]+$/.test(found)) return random.hex(found.length);
  const letters = `${lowercase}0123456789_`;
  return found.replace(/./g, () => letters.charAt(random.below(letters.length)));
}
