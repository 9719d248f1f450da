/**
 * `test` for files that observe real programs: `test('…', async ({ kernel }) => …)`. The programs are loaded once
 * per file; the tests are skipped, with the reason, where the machine cannot run them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject, test as base } from 'vitest';
import type { OpenedCapture } from '../../agent/kernel/open-capture.ts';
import { openCapture } from '../../agent/kernel/open-capture.ts';
import type { CaptureOptions } from '../../agent/kernel/open-capture.ts';
import { makeCgroup } from './observed-cgroup.ts';
import type { TestCgroup } from './observed-cgroup.ts';
import { mountTracefs } from './requirements.ts';

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

/** Room for what the whole machine does, which rules are asked for, while a program of a test waits for a processor. */
const RING_BYTES = 32 << 20;

type Attempt = { readonly kernel: Kernel } | { readonly reason: string };

export const test = base
  // oxlint-disable-next-line no-empty-pattern -- vitest reads a fixture's needs from the pattern and wants one
  .extend('kernelOfFile', { scope: 'file' }, async ({}, { onCleanup }): Promise<Attempt> => {
    const programs = inject('programs');
    if ('reason' in programs) return programs;
    const { folder: blobFolder } = programs;
    const undo: (() => void | Promise<void>)[] = [];
    onCleanup(async () => {
      for (const step of undo.toReversed()) await step();
    });
    const folder = mkdtempSync(join(tmpdir(), 'kernel-test-'));
    undo.push(() => rmSync(folder, { recursive: true }));
    const tracefs = mountTracefs();
    undo.push(() => tracefs.remove());

    const open = async (options: CaptureOptions): Promise<OpenedCapture> => {
      const capture = await openCapture({ tracefs: tracefs.path, blobFolder, ringBytes: RING_BYTES, ...options });
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
