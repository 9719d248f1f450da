/** Patterns of whole paths: element by element. */
import { keepsNames } from './kept.ts';
import { shapeOf } from './shape.ts';
import { signatureOf } from './signature.ts';
import { isPattern, matchesTemplate } from './template.ts';

const digit = /\d/;

/**
 * What a path has in common with those that one generator of names makes. Where names are kept (kept.ts) it is the path
 * itself, and so are directories right below the root. Idempotent, and the signature of everything between a path and its
 * signature: replacing some elements by theirs changes nothing.
 */
export function pathSignature(path: string): string {
  if (!digit.test(path) || !path.startsWith('/') || keepsNames(path)) return path;
  const [root = '', first = '', ...rest] = path.split('/');
  const signature = [root, first, ...rest.map(signatureOf)].join('/');
  // One text in memory for both, and telling that they are equal takes one comparison.
  return signature === path ? path : signature;
}

/** The signature with the shape of its last element, unless names are kept there or it stands right below the root. */
export function pathShape(signature: string): string {
  const at = signature.lastIndexOf('/') + 1;
  if (at < 2 || !signature.startsWith('/')) return signature;
  const leaf = signature.slice(at);
  const shape = shapeOf(leaf);
  return shape === leaf || keepsNames(signature) ? signature : signature.slice(0, at) + shape;
}

export function isPathPattern(path: string): boolean {
  return path.includes('{') && path.split('/').some(isPattern);
}

/** The pattern, or plain path, of a profile stands for this path, which is one as `reducePath` leaves it. */
export function matchesPath(pattern: string, path: string): boolean {
  if (pattern === path) return true;
  if (!isPathPattern(pattern) || keepsNames(path)) return false;
  const elements = path.split('/');
  const templates = pattern.split('/');
  return (
    templates.length === elements.length &&
    templates.every((template, index) => matchesTemplate(template, elements[index] ?? ''))
  );
}
