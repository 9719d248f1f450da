import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** Each program takes its compiler two seconds of processor time, and however long until the machine has them to give. */
const timeout = 600_000;

describe.skipIf(missing)(`compiled programs${missing ? ` (skipped: no ${missing})` : ''}`, { timeout }, () => {
  let output = '';
  beforeAll(() => {
    output = mkdtempSync(join(tmpdir(), 'bpf-test-'));
    compileBlobs(output);
  }, timeout);
  afterAll(() => rmSync(output, { recursive: true }));

  describe.each(['amd64', 'arm64'])('%s', (arch) => {
    test.each(variants)(
      '$name has the layouts that the decoder reads, and every program that is attached',
      (variant) => {
        const path = join(output, arch, `${variant.name}.json`);
        const blob = parseBlob(readFileSync(path, 'utf8'), path);
        expect(blob.arch).toBe(arch);
        expect(blob.programs.toSorted()).toEqual(
          [
            ...Object.keys(variant.tracepoints),
            ...Object.keys(variant.optionalTracepoints),
            ...variant.rawTracepoints,
            ...variant.securityHooks,
            ...Object.keys(variant.handlers),
          ].toSorted(),
        );
      },
    );
  });

  test('a blob of other layouts is refused with the members that differ', () => {
    const path = join(output, 'amd64', 'classic.json');
    const text = readFileSync(path, 'utf8')
      .replace('"RECORD_FORK":2', '"RECORD_FORK":3')
      .replace('"ppid":184', '"ppid":180');
    expect(() => parseBlob(text, path)).toThrow(
      /built from other sources.*offset of record_exec.ppid is 180, expected 184.*RECORD_FORK is 3/,
    );
  });

  /** What the programs say of a blob whose sources have `before` replaced in records.h. */
  function changed(before: string, after: string): string {
    const sources = mkdtempSync(join(tmpdir(), 'bpf-changed-'));
    try {
      cpSync(import.meta.dirname, sources, { recursive: true, filter: (path) => !path.endsWith('.ts') });
      const records = join(sources, 'records.h');
      const text = readFileSync(records, 'utf8');
      expect(text).toContain(before);
      writeFileSync(records, text.replace(before, after));
      const [path = ''] = compileBlobs(join(sources, 'out'), {
        sources,
        architectures: ['amd64'],
        variants: ['classic'],
      });
      parseBlob(readFileSync(path, 'utf8'), path);
      return 'accepted';
    } catch (error) {
      return String(error);
    } finally {
      rmSync(sources, { recursive: true });
    }
  }

  test('a member that has grown into the reserved bytes behind it is a difference', () => {
    expect(changed('u16 protocol;\n\tu16 reserved;', 'u32 protocol;')).toMatch(
      /offset of record_socket.reserved is absent, expected \d+/,
    );
  });

  test('a member that only the programs know is a difference', () => {
    expect(changed('u32 login_uid;\n\tu32 reserved;', 'u32 login_uid;\n\tu32 session;')).toMatch(
      /offset of record_credentials.session is \d+, expected none/,
    );
  });

  test('a gap in a struct fails the build: what grows into it would not show', () => {
    expect(changed('u32 login_uid;\n\tu32 reserved;', 'u32 login_uid;')).toMatch(
      /struct record_credentials has a gap before cap_effective, at byte \d+: name it "reserved"/,
    );
  });
});
