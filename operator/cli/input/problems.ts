/** What is wrong with a value that somebody handed over, in words for people instead of those of the schema. */
import type { z } from 'zod';

/** For `safeParse`: says of each field what it must be and what it is. Undefined leaves the schema's own words. */
export const inWords: z.core.$ZodErrorMap = (issue) => {
  if (issue.input === undefined) return 'is missing';
  if (issue.code === 'invalid_type') return `must be ${nounOf(issue.expected)}, and is ${described(issue.input)}`;
  if (issue.code === 'invalid_value') {
    const allowed = issue.values.map(String);
    return `must be ${allowed.length === 1 ? '' : 'one of '}${allowed.join(', ')}, and is ${described(issue.input)}`;
  }
  return undefined;
};

const nouns: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

function nounOf(expected: string): string {
  return nouns[expected] ?? expected;
}

/** `a list of 2 entries`, `the text "abc"`, `nothing`; never longer than a line. */
export function described(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${counted(value.length, 'entry', 'entries')}`;
  if (typeof value === 'object') return 'an object';
  const text = JSON.stringify(value).slice(0, 60);
  return typeof value === 'string' ? `the text ${text}` : text;
}

/** What should be a word, such as a kind. */
export function wordOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 80) : described(value);
}

export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** The first problems of a value that is not what it should be, with the place of each. */
export function problemsOf(error: z.ZodError): string {
  const shown = error.issues.slice(0, 3).map(({ path, message }) => `${placeOf(path)} ${message}`);
  const more = error.issues.length - shown.length;
  return `${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

/** `spec.behavior.files[0].path:` */
function placeOf(path: readonly PropertyKey[]): string {
  const steps = path.map((step, index) =>
    typeof step === 'number' ? `[${step}]` : `${index > 0 ? '.' : ''}${String(step)}`,
  );
  return `${steps.join('') || 'the whole'}:`;
}
