/** Names and templates for property tests, from few pieces, so that one often stands for another. */
import * as fc from 'fast-check';
import { shapeOf } from './shape.ts';
import { signatureOf } from './signature.ts';

const pieces = ['a', 'B', '1', '22', 'ab', 'up-', 'abcde', '-', '.', '_', '.log', 'tmp', 'tmpabcd_12', 'cc', '+~ab'];

export const someName: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join(''));

/** Of a name, or one that names alone make seldom. */
export const someTemplate: fc.Arbitrary<string> = fc.oneof(
  someName.map(signatureOf),
  someName.map((text) => shapeOf(signatureOf(text))),
  fc.constantFrom(
    '{any}',
    '{any}.log',
    '{mixed2}',
    '{mixed3}',
    '{digits}',
    'tmp{random8}',
    '{random8}',
    'tmp{any8}',
    'up-{any6}',
    '+~ab{digits}',
  ),
);
