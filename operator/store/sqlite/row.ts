/** Typed reading of result rows: a value of another type means that the file is not what its schema promises. */
import type { SQLOutputValue } from 'node:sqlite';
import { StoreError } from '../errors.ts';

export type Row = Readonly<Record<string, SQLOutputValue>>;

function unexpected(column: string, expected: string, value: SQLOutputValue | undefined): StoreError {
  return new StoreError('corrupt', `store: column ${column} holds ${typeof value} instead of ${expected}`);
}

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw unexpected(column, 'text', value);
  return value;
}

export function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') throw unexpected(column, 'a number', value);
  return value;
}

export function bytes(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw unexpected(column, 'bytes', value);
  return value;
}

/** A list of texts, as JSON. */
export function texts(row: Row, column: string): readonly string[] {
  const value = text(row, column);
  const parsed: unknown = JSON.parse(value);
  if (!Array.isArray(parsed) || !parsed.every((one) => typeof one === 'string')) {
    throw unexpected(column, 'a list of texts', value);
  }
  return parsed;
}
