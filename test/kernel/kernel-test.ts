/**
 * `test` for files that observe real programs: `test('…', async ({ kernel }) => …)`. The programs are compiled and loaded
 * once per file; the tests are skipped, with the reason, where the machine cannot run them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base } from 'vitest';
import { compileBlobs } from '../../agent/bpf/compile.ts';
import type { OpenedCapture } from '../../agent/kernel/open-capture.ts';
import { openCapture } from '../../agent/kernel/open-capture.ts';
import type { CaptureOptions } from '../../agent/kernel/open-capture.ts';
import { architecture } from '../../agent/kernel/syscall-table.ts';
import { makeCgroup } from './observed-cgroup.ts';
import type { TestCgroup } from './observed-cgroup.ts';
import { mountTracefs, whyNot } from './requirements.ts';

export interface Kernel {
  readonly capture: OpenedCapture;
  /** A cgroup that is observed. */
  readonly cgroup: TestCgroup;
  /** One that is not. */
  readonly outside: TestCgroup;
  /** A folder for files of the test. */
  readonly folder: string;
  readonly blobFolder: string;
  readonly tracefs: string;
  /** One more capture, closed with the file. */
  open(options: CaptureOptions): Promise<OpenedCapture>;
}

type Attempt = { readonly kernel: Kernel } | { readonly reason: string };

export const test = base
  // oxlint-disable-next-line no-empty-pattern -- vitest reads a fixture's needs from the pattern and wants one
  .extend('kernelOfFile', { scope: 'file' }, async ({}, { onCleanup }): Promise<Attempt> => {
    const reason = whyNot();
    if (reason !== undefined) return { reason };
    const undo: (() => void | Promise<void>)[] = [];
    onCleanup(async () => {
      for (const step of undo.toReversed()) await step();
    });
    const folder = mkdtempSync(join(tmpdir(), 'kernel-test-'));
    undo.push(() => rmSync(folder, { recursive: true }));
    const tracefs = mountTracefs();
    undo.push(() => tracefs.remove());
    compileBlobs(join(folder, 'bpf'));
    const blobFolder = join(folder, 'bpf', architecture());

    const open = async (options: CaptureOptions): Promise<OpenedCapture> => {
      const capture = await openCapture({ tracefs: tracefs.path, blobFolder, ...options });
      undo.push(() => capture.close());
      return capture;
    };
    const capture = await open({});
    const cgroup = makeCgroup(capture);
    undo.push(() => cgroup.remove());
    capture.observe(cgroup.id);
    const outside = makeCgroup(capture);
    undo.push(() => outside.remove());
    return { kernel: { capture, cgroup, outside, folder, blobFolder, tracefs: tracefs.path, open } };
  })
  .extend('kernel', ({ kernelOfFile, skip }): Kernel => {
    if ('reason' in kernelOfFile) return skip(kernelOfFile.reason);
    return kernelOfFile.kernel;
  });
