/** Something that a profile does not know, and in what it differs from something that it knows. */
import { blockCovers } from '../profile/blocks.ts';
import type { FileAccess, NetworkDirection } from '../activity/snapshot.ts';
import { programText } from '../profile/diff-behaviours.ts';
import type { NetworkEvidence, ProcessIdentity } from '../profile/evidence.ts';

/** Programs from the root of the lineage; of a process that is unseen itself, it is the last. */
export type Lineage = readonly ProcessIdentity[];

/** Something that is not known, in the forms that a profile has. */
export type Miss =
  | { readonly kind: 'process'; readonly lineage: Lineage }
  | { readonly kind: 'file'; readonly lineage: Lineage; readonly path: string; readonly access: FileAccess }
  | { readonly kind: 'dns'; readonly lineage: Lineage; readonly name: string }
  | {
      readonly kind: 'network';
      readonly lineage: Lineage;
      readonly direction: NetworkDirection;
      readonly protocol: NetworkEvidence['protocol'];
      readonly peer: string;
      readonly port: number;
    };

const fields = [
  'lineage',
  'executable',
  'applet',
  'script',
  'inline',
  'path',
  'access',
  'name',
  'direction',
  'protocol',
  'peer',
  'port',
] as const;

export type Field = (typeof fields)[number];

export interface Difference {
  readonly field: Field;
  /** Empty for what is not there. */
  readonly known: string;
  readonly seen: string;
}

/** `/entrypoint.sh > /usr/sbin/nginx` */
export function lineageText(lineage: Lineage): string {
  return lineage.map(programText).join(' > ');
}

/** Field by field, those that differ. Of a process its own program is compared in parts, what stands above it as one. */
export function differencesOf(known: Miss, seen: Miss): Difference[] {
  const [left, right] = [fieldsOf(known), fieldsOf(seen)];
  return fields
    .map((field) => ({ field, known: left[field] ?? '', seen: right[field] ?? '' }))
    .filter((one) => one.known !== one.seen && !(one.field === 'peer' && blockCovers(one.known, one.seen)));
}

function fieldsOf(miss: Miss): Partial<Record<Field, string>> {
  if (miss.kind !== 'process') {
    const { kind: _kind, lineage, ...object } = miss;
    const texts = Object.fromEntries(Object.entries(object).map(([field, value]) => [field, String(value)]));
    return { ...texts, lineage: lineageText(lineage) };
  }
  const { executable = '', applet = '', script = '', inline } = miss.lineage.at(-1) ?? {};
  const above = lineageText(miss.lineage.slice(0, -1));
  return { lineage: above, executable, applet, script, inline: inline === true ? 'inline' : '' };
}
