/** Compiles the programs once for all files of the kernel project: with what is in the sources now, wherever dist stands. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { compileBlobs } from '../../agent/bpf/compile.ts';
import { architecture } from '../../agent/kernel/syscall-table.ts';
import { whyNot } from './requirements.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the compiled programs, or why none can be loaded here. */
    programs: { readonly folder: string } | { readonly reason: string };
  }
}

export default function compileOnce(project: TestProject): (() => void) | undefined {
  const reason = whyNot();
  if (reason !== undefined) {
    project.provide('programs', { reason });
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'kernel-programs-'));
  compileBlobs(folder);
  project.provide('programs', { folder: join(folder, architecture()) });
  return () => rmSync(folder, { recursive: true });
}
