/** `test` for files that run the agent as a process of its own, see {@link Machine}. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject, test as base } from 'vitest';
import { buildMachine, type Machine } from './machine.ts';

type Attempt = { readonly machine: Machine } | { readonly reason: string };

/** `test` for files that run the agent: skipped, with the reason, where the machine cannot. */
export const test = base
  // oxlint-disable-next-line no-empty-pattern -- vitest reads a fixture's needs from the pattern and wants one
  .extend('attempt', async ({}, { onCleanup }): Promise<Attempt> => {
    const programs = inject('programs');
    if ('reason' in programs) return programs;
    const undo: (() => void | Promise<void>)[] = [];
    onCleanup(async () => {
      // What cannot be undone must not leave the rest: an agent, a server, mounts.
      const failures: unknown[] = [];
      for (const step of undo.toReversed()) {
        try {
          await step();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    });
    const folder = mkdtempSync(join(tmpdir(), 'agent-test-'));
    undo.push(() => rmSync(folder, { recursive: true }));
    const agent = [process.execPath, join(import.meta.dirname, '../../agent/main.ts')];
    return { machine: await buildMachine({ agent, blobFolder: programs.folder, folder, undo }) };
  })
  .extend('machine', ({ attempt, skip }): Machine => {
    if ('reason' in attempt) return skip(attempt.reason);
    return attempt.machine;
  });
