/**
 * What random names have in common that do not have one signature: one name in six of a generator is letters alone, and some
 * generators use `_`, at which names fall into parts (`upload-abcdefgh.part`, `upload-1te_kza3.part`). Of a name's signature:
 *
 * | After a literal beginning                                  | Shape        | Example                                      |
 * |------------------------------------------------------------|--------------|----------------------------------------------|
 * | 6 to 32 letters, digits and `_` whose number is known       | `{anyN}`     | `upload-{mixed3}_{mixed4}.part` → `upload-{any8}.part` |
 * | parts between `_` with `{digits}` among them, not alone     | `{numbered}` | `upload-ab{digits}_k.part` → `upload-{numbered}.part`  |
 * | anything else                                               | itself       | `kdevtmpfsi`                                 |
 *
 * The beginning is that of a well-known program (maker.ts), words that end with `-` or `.`, or else one word and `_`; the extension stays. A name without such a
 * beginning has no shape but itself, so a bare word in a directory of temporary files never looks like one of them.
 */
import { extensionOf } from './extension.ts';
import { madeOf } from './maker.ts';
import { signatureOf } from './signature.ts';

const generated = /^((?:[A-Za-z]+[-._])*[A-Za-z]+[-.]|[A-Za-z]+_)((?:[A-Za-z0-9_]|\{digits\}|\{mixed[1-9]\d{0,4}\})+)$/;
/** What mkstemp makes, and twice what anybody does who wants names that are still read. */
const lengths = { from: 6, to: 32 } as const;

interface Halves {
  readonly prefix: string;
  readonly rest: string;
  readonly extension: string;
}

function halvesOf(name: string): Halves | undefined {
  const made = madeOf(name);
  if (made !== undefined) return { prefix: made.beginning, rest: made.random, extension: made.extension };
  const extension = extensionOf(name);
  const [, prefix, rest] = generated.exec(name.slice(0, name.length - extension.length)) ?? [];
  return prefix === undefined || rest === undefined ? undefined : { prefix, rest, extension };
}

/** Idempotent. */
export function shapeOf(signature: string): string {
  const halves = halvesOf(signature);
  if (halves === undefined || halves.rest === '{digits}') return signature;
  const { prefix, rest, extension } = halves;
  if (rest.includes('{digits}')) return `${prefix}{numbered}${extension}`;
  return ofLength(halves) ?? signature;
}

function ofLength({ prefix, rest, extension }: Halves): string | undefined {
  if (rest.includes('{digits}')) return undefined;
  const mixed = Array.from(rest.matchAll(/\{(?:mixed|random)(\d+)\}/g), ([, length]) => Number(length));
  const length = mixed.reduce((sum, one) => sum + one, rest.replaceAll(/\{[^}]*\}/g, '').length);
  return length < lengths.from || length > lengths.to ? undefined : `${prefix}{any${length}}${extension}`;
}

/** Shapes that stand for a name, or for all that a template stands for. */
export function shapesFor(name: string): readonly string[] {
  const halves = halvesOf(name);
  if (halves === undefined) return [];
  const shapes = [ofLength(halves), shapeOf(signatureOf(name))];
  return shapes.filter((text) => text !== undefined).filter(isShape);
}

export function isShape(text: string): boolean {
  return text.includes('{') && /^[A-Za-z_.-]+\{(?:any[1-9]\d?|numbered)\}(?:\.[A-Za-z0-9]+)?$/.test(text);
}
