/** What a scenario has to work with inside the virtual machine. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type CaptureOptions, openCapture, type OpenedCapture } from '../../../agent/kernel/open-capture.ts';
import { removeCgroup } from '../../kernel/observed-cgroup.ts';
import { mountLayout, type Layout } from './layouts.ts';

/** A container as far as cgroups go: one directory in each hierarchy. */
export interface GuestCgroup {
  readonly id: bigint;
  readonly path: string;
  /** Runs the workload in it and resolves when it has ended; fails if it did not do all its steps. */
  run(what: string, ...args: readonly string[]): Promise<void>;
  remove(): Promise<void>;
}

export interface Guest {
  readonly capture: OpenedCapture;
  /** Name of a cgroup, in every hierarchy, whose children are observed from birth. */
  readonly parent: GuestCgroup;
  /** A new cgroup below `parent`. */
  cgroup(name: string): GuestCgroup;
  /** An empty folder. */
  folder(): string;
  /** One more capture, closed at the end. */
  open(options: CaptureOptions): Promise<OpenedCapture>;
  close(): Promise<void>;
}

/** `hierarchies`: mount points, the one whose ids are used last, so that the workload enters it when all else is done. */
function makeCgroup(hierarchies: readonly string[], name: string): GuestCgroup {
  const paths = hierarchies.map((hierarchy) => join(hierarchy, name));
  for (const path of paths) mkdirSync(path);
  const path = paths.at(-1) ?? '';
  return {
    id: statSync(path, { bigint: true }).ino,
    path,
    run: async (what, ...args) => {
      const child = spawn('/bin/workload', ['enter', paths.join(':'), what, ...args], { stdio: 'inherit' });
      const status = await new Promise<number | null>((resolve, reject) =>
        child.on('close', resolve).on('error', reject),
      );
      if (status !== 0) throw new Error(`workload ${what} ended with status ${String(status)}`);
    },
    remove: async () => {
      for (const each of paths.splice(0)) await removeCgroup(each);
    },
  };
}

export async function openGuest(layout: Layout, options: CaptureOptions): Promise<Guest> {
  const mounted = mountLayout(layout);
  const undo: (() => void | Promise<void>)[] = [() => mounted.unmount()];
  const open = async (more: CaptureOptions): Promise<OpenedCapture> => {
    const capture = await openCapture({ ...options, ...more });
    undo.push(() => capture.close());
    return capture;
  };
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    const capture = await open({});
    const own = capture.hierarchy.mountPoint;
    const hierarchies = [...mounted.hierarchies.filter((each) => each !== own), own];
    const cgroup = (name: string): GuestCgroup => {
      const made = makeCgroup(hierarchies, name);
      undo.push(() => made.remove());
      return made;
    };
    const parent = cgroup('parent');
    capture.watchChildren(parent.id);
    const folder = (): string => mkdtempSync('/tmp/scenario-');
    return { capture, parent, cgroup: (name) => cgroup(join('parent', name)), folder, open, close };
  } catch (error) {
    await close();
    throw error;
  }
}
