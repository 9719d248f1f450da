import { Project, type SourceFile } from 'ts-morph';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { generate } from './generate.ts';

const manifestPath = 'crds/manifests/example.org_things.yaml';

/** A project in memory, without TypeScript's own libraries: they take most of a second to load. */
function sourceFile(text: string): SourceFile {
  const project = new Project({ useInMemoryFileSystem: true, skipLoadingLibFiles: true });
  return project.createSourceFile('/crds/thing.ts', text);
}

/** Generates from one kind whose spec holds the given members; further declarations may follow. */
function generateFrom(members: string, more = ''): ReturnType<typeof generate> {
  const text = `/**
 * A thing.
 * @plural things
 * @scope Namespaced
 * @shortName th
 * @printerColumn Size integer .spec.size wide
 */
export interface Thing {
  readonly apiVersion: 'example.org/v1';
  readonly kind: 'Thing';
  /** What is wanted. */
  readonly spec: ThingSpec;
}

/** What is wanted. */
export interface ThingSpec {
  /** How large. */
  readonly size: number;
${members}
}
${more}`;
  return generate([sourceFile(text)]);
}

/** The definition as toMatchObject compares it, down to the properties of the spec. */
function definitionWith(properties: object): object {
  return { spec: { versions: [{ schema: { openAPIV3Schema: { properties: { spec: { properties } } } } }] } };
}

describe('the generator', () => {
  it('writes a CustomResourceDefinition with names, scope and columns', () => {
    const definition: unknown = parse(generateFrom('').files.get(manifestPath) ?? '');
    expect(definition).toMatchObject({
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.example.org' },
      spec: {
        group: 'example.org',
        scope: 'Namespaced',
        names: { kind: 'Thing', plural: 'things', singular: 'thing', shortNames: ['th'] },
        versions: [
          {
            name: 'v1',
            subresources: { status: {} },
            additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size', priority: 1 }],
            schema: { openAPIV3Schema: { type: 'object', required: ['spec'], description: 'A thing.' } },
          },
        ],
      },
    });
  });

  it('takes constraints from the property, the alias and the interface', () => {
    const { files, problems } = generateFrom(
      `  /**
   * Names.
   * @maxItems 3
   * @listType set
   */
  readonly names?: readonly Name[];
  /**
   * Where.
   * @immutable
   */
  readonly place: Place;
  /**
   * How.
   * @default "fast"
   */
  readonly how: 'fast' | 'slow';`,
      `/**
 * A name.
 * @minLength 1
 * @maxLength 9
 * @pattern ^[a-z]+$
 */
export type Name = string;
/**
 * A place.
 * @mapType atomic
 * @validation self.x > 0 :: x must be positive
 */
interface Place {
  /**
   * Across.
   * @maximum 7
   */
  readonly x: number;
}`,
    );
    expect(problems).toEqual([]);
    expect(parse(files.get(manifestPath) ?? '')).toMatchObject(
      definitionWith({
        size: { type: 'integer', format: 'int64', description: 'How large.' },
        names: {
          type: 'array',
          maxItems: 3,
          'x-kubernetes-list-type': 'set',
          items: { type: 'string', minLength: 1, maxLength: 9, pattern: '^[a-z]+$' },
        },
        place: {
          'x-kubernetes-map-type': 'atomic',
          'x-kubernetes-validations': [
            { rule: 'self.x > 0', message: 'x must be positive' },
            { rule: 'self == oldSelf' },
          ],
          properties: { x: { maximum: 7 } },
          required: ['x'],
        },
        how: { enum: ['fast', 'slow'], default: 'fast' },
      }),
    );
  });

  const described = (type: string, tags = ''): string => `  /**\n   * It.\n${tags}   */\n  readonly it: ${type};`;

  it.each([
    ['any', described('any'), 'accepts anything'],
    ['unknown', described('unknown'), 'accepts anything'],
    ['a union of types', described('string | number'), 'only unions of strings'],
    ['a map', described('Record<string, string>'), 'maps and generic types are not structural'],
    ['a type of another library', described('Date'), 'not an interface or alias of ours'],
    ['an inline object', described('{ x: 1 }'), 'no form in a structural schema'],
    ['a function', '  /** It. */\n  it(): void;', 'only properties can be fields'],
    ['a missing description', '  readonly it: boolean;', 'has no description'],
    ['an unbounded string', described('string'), 'add @maxLength'],
    [
      'unbounded strings in a list',
      described('string[]', '   * @maxItems 1\n   * @listType atomic\n'),
      'add @maxLength',
    ],
    ['an unbounded list', described('boolean[]', '   * @listType atomic\n'), 'add @maxItems'],
    ['a list without type', described('boolean[]', '   * @maxItems 1\n'), 'without @listType'],
    ['an unknown tag', described('boolean', '   * @maxLenght 1\n'), '@maxLenght is no tag'],
    [
      'a tag on the wrong type',
      described('boolean', '   * @maxLength 1\n'),
      '@maxLength does not apply to type boolean',
    ],
    ['a default of another type', described('boolean', '   * @default 1\n'), 'needs a value of type boolean'],
    ['lookahead', described('string', '   * @maxLength 1\n   * @pattern (?=a)\n'), 'RE2'],
    ['a rule without message', described('boolean', '   * @validation self\n'), 'needs a CEL expression'],
    ['an optional immutable', '  /**\n   * It.\n   * @immutable\n   */\n  readonly it?: boolean;', 'can be removed'],
  ])('refuses %s with file, line and field', (_, member, message) => {
    const { problems } = generateFrom(member);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^crds\/thing\.ts:\d+: spec(\.it(\[\])?)?: /);
    expect(problems[0]).toContain(message);
  });

  it('refuses recursion', () => {
    const { problems } = generateFrom(
      described('Tree', ''),
      `/** A tree. */
interface Tree {
  /**
   * Below it.
   * @maxItems 2
   * @listType atomic
   */
  readonly children: readonly Tree[];
}`,
    );
    expect(problems).toEqual([
      expect.stringMatching(/^crds\/thing\.ts:\d+: spec\.it\.children\[\]: Tree contains itself/),
    ]);
  });

  it('refuses a map list that is long or has no usable key', () => {
    const entry = '/** An entry. */\ninterface Entry {\n  /** Its key. */\n  readonly key?: boolean;\n}';
    const tags = '   * @maxItems 65\n   * @listType map\n   * @listMapKey key\n';
    expect(generateFrom(described('Entry[]', tags), entry).problems).toEqual([
      expect.stringContaining('@listMapKey key is no required field'),
      expect.stringContaining('more than 64 items'),
    ]);
  });

  it('refuses a column that shows no field', () => {
    const text = `/**
 * A thing.
 * @plural things
 * @scope Cluster
 * @printerColumn Size integer .spec.length
 */
export interface Thing {
  readonly apiVersion: 'example.org/v1';
  readonly kind: 'Thing';
}`;
    expect(generate([sourceFile(text)]).problems).toEqual([
      'crds/thing.ts:7: Thing: @printerColumn Size shows .spec.length, which is no field',
    ]);
  });
});
