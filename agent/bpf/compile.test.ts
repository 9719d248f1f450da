import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseBlob } from '../kernel/blob.ts';
import { variants } from '../kernel/variants.ts';
import { compileBlobs } from './compile.ts';

function missingTool(): string | undefined {
  for (const tool of ['clang-14', 'bpftool']) {
    try {
      execFileSync(tool, ['version'], { stdio: 'ignore' });
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return tool;
    }
  }
  return undefined;
}

const missing = missingTool();

describe.skipIf(missing)(`compiled programs${missing ? ` (skipped: no ${missing})` : ''}`, () => {
  let output = '';
  beforeAll(() => {
    output = mkdtempSync(join(tmpdir(), 'bpf-test-'));
    compileBlobs(output);
  });
  afterAll(() => rmSync(output, { recursive: true }));

  describe.each(['amd64', 'arm64'])('%s', (arch) => {
    test.each(variants)(
      '$name has the layouts that the decoder reads, and every program that is attached',
      (variant) => {
        const path = join(output, arch, `${variant.name}.json`);
        const blob = parseBlob(readFileSync(path, 'utf8'), path);
        expect(blob.arch).toBe(arch);
        expect(blob.programs.toSorted()).toEqual(
          [...Object.keys(variant.tracepoints), ...variant.rawTracepoints, ...Object.keys(variant.handlers)].toSorted(),
        );
      },
    );
  });

  test('a blob of other layouts is refused with the members that differ', () => {
    const path = join(output, 'amd64', 'classic.json');
    const text = readFileSync(path, 'utf8')
      .replace('"RECORD_FORK":2', '"RECORD_FORK":3')
      .replace('"ppid":56', '"ppid":60');
    expect(() => parseBlob(text, path)).toThrow(
      /built from other sources.*offset of record_exec.ppid is 60, expected 56.*RECORD_FORK is 3/,
    );
  });
});
