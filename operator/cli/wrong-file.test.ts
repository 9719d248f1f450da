import { describe, expect, it } from 'vitest';
import { snapshotOf } from '../../core/profile/testing.ts';
import { runCli } from './testing.ts';

describe('a file that holds no profile', () => {
  it.each([
    [{ 'x.json': JSON.stringify(snapshotOf(1, {})) }, /x\.json is no SecurityProfile.*\n.*profile merge/],
    [{ 'x.json': '{"kind":"Pod","spec":{}}' }, /x\.json is no SecurityProfile: it is of kind Pod\n/],
    [
      { 'x.json': 'apiVersion: apps/v1\nkind: Deployment' },
      /it is of kind Deployment of apiVersion apps\/v1\n.*expected is/,
    ],
    [
      { 'x.json': 'apiVersion: other.dev/v1\nkind: SecurityProfile' },
      /of kind SecurityProfile of apiVersion other\.dev\/v1\n/,
    ],
    [{ 'x.json': '{"kind":"List","items":[1,2]}' }, /x\.json is no SecurityProfile: it is a list of 2 objects/],
    [{ 'x.json': '- a\n- b' }, /it is a list of 2 entries\n.*profile export NAME/],
    [{ 'x.json': '{"name":"x"}' }, /it is an object without kind, spec and behavior\n/],
    [{ 'x.json': 'a: 1\n---\nb: 2' }, /x\.json holds 2 documents, and one is wanted\n.*---/],
    [{ 'x.json': '# nothing\n---\n' }, /x\.json holds nothing/],
    [{ 'x.json': Buffer.from([0x7f, 0x45, 0, 1]) }, /x\.json is no text, so neither JSON nor YAML/],
    [{ 'x.json': Buffer.from([0x7f, 0xff]) }, /x\.json is no text, so neither JSON nor YAML/],
    [{ 'x.json': 'a: &a [1]\nb: *a' }, /x\.json is no manifest/],
    [{ 'x.json': 'a: [' }, /x\.json is neither JSON nor YAML: [^\n]* at line 1, column \d+\n$/],
    [{ 'x.json': '7' }, /x\.json is no SecurityProfile: it is 7\n/],
    [{ 'x.json': 'kind: SecurityProfile\n---\n' }, /x\.json is no valid SecurityProfile: spec: is missing/],
    [
      { 'x.json': '{"spec":{"behavior":{"processes":[{"id":"a"}]}}}' },
      /spec\.behavior\.processes\[0\]\.executable: is missing/,
    ],
    [
      { 'x.json': '{"spec":{"behavior":{"processes":[{"id":7,"executable":"x","actors":["me"]}]}}}' },
      /processes\[0\]\.id: must be a text, and is 7; .*actors\[0\]: must be one of entrypoint, .*, and is the text "me"/,
    ],
  ])('says what is wrong with a file (%#)', async (some, problem) => {
    const { code, err } = await runCli(['profile', 'diff', 'x.json', 'x.json'], { files: some });
    expect(err).toMatch(problem);
    expect(code).toBe(3);
  });
});
