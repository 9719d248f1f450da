/**
 * What may stand for an element (of a path; of a DNS name, a label), as text: templates of the whole element, or of its parts
 * one by one. Whoever holds many patterns in a trie looks only these up, whatever their number.
 */
import { extensionOf } from './extension.ts';
import { bareRandom, isBareRandom, randomTemplate } from './maker.ts';
import { shapesFor } from './shape.ts';
import { signatureOf } from './signature.ts';
import { isMixture } from './template.ts';

/** Each with the separator behind it, as templates are split; the last has none, and may be empty. */
export function partsOf(element: string): string[] {
  const parts = element.split(/(?<=[-._])/);
  return /[-._]$/.test(element) ? [...parts, ''] : parts;
}

/** Templates without parts. Whether one stands for the element remains to be asked (`covers`). */
export function wholeForms(element: string): string[] {
  const random = randomTemplate(element);
  const made = [random, isBareRandom(element) ? bareRandom : undefined].filter((one) => one !== undefined);
  return [`{any}${extensionOf(element)}`, ...made, ...shapesFor(element)];
}

/** What one of the parts may be in a template that stands for all of them; a separator at its end stays. */
export function partForms(parts: readonly string[], index: number): string[] {
  const part = parts[index] ?? '';
  const whole = parts.length === 1 || (parts.length === 2 && parts[0] === '.');
  const separator = /[-._]$/.test(part) ? part.slice(-1) : '';
  const text = part.slice(0, part.length - separator.length);
  const signature = signatureOf(text);
  const digits = signature.endsWith('{digits}') ? [signature + separator] : [];
  const mixed = isMixture(text, whole) ? [`{mixed${text.length}}${separator}`] : [];
  return [part, ...digits, ...mixed];
}
