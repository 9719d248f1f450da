import type { Found } from '../ports.ts';

/** An answer that says this. */
export function found(value: unknown): Found {
  return { kind: 'found', json: new TextEncoder().encode(JSON.stringify(value)) };
}
