/** Which kernels are booted, and what is missing here for it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { cacheRoot } from '../../hack/images/cache.ts';
import { layouts, type Layout } from './guest/layouts.ts';
import type { Message } from './guest/messages.ts';
import { scenarios } from './guest/scenarios.ts';
import { buildInitramfs, missingForInitramfs } from './initramfs.ts';
import { bootMachine, type Outcome } from './machine.ts';

/** Debian's releases, oldest kernel first: 6.1, 6.12, and the newest to be had. */
const releases = ['bookworm', 'trixie', 'sid'] as const;
type Release = (typeof releases)[number];

export interface MachineConfiguration {
  readonly name: string;
  readonly release: Release;
  /** Options of the kernel's command line. */
  readonly options: string;
  /** The variant that has to be taken, and a part of each reason why others were not. */
  readonly variant: string;
  readonly refusals: readonly string[];
  readonly layouts: readonly Layout[];
}

/** How cgroups are mounted makes no difference to this, so one layout is enough. */
const withoutBpf = { options: 'lsm=lockdown,capability,yama,apparmor', layouts: ['hybrid'] } as const;
const withoutBpfName = 'without BPF as a security module';

/** BPF is one of the security modules of all of Debian's kernels, unless the command line says otherwise. */
const machines: readonly MachineConfiguration[] = [
  {
    name: 'Debian bookworm',
    release: 'bookworm',
    options: '',
    variant: 'raw',
    refusals: ['needs Linux 6.9'],
    layouts,
  },
  {
    name: 'Debian bookworm at the classic hook',
    release: 'bookworm',
    options: 'variants=classic',
    variant: 'classic',
    refusals: [],
    layouts: ['hybrid'],
  },
  { name: 'Debian trixie', release: 'trixie', options: '', variant: 'lsm', refusals: [], layouts },
  {
    name: `Debian trixie ${withoutBpfName}`,
    release: 'trixie',
    ...withoutBpf,
    variant: 'raw',
    refusals: ['name bpf'],
  },
  { name: 'Debian sid', release: 'sid', options: '', variant: 'lsm', refusals: [], layouts },
  {
    name: `Debian sid ${withoutBpfName}`,
    release: 'sid',
    ...withoutBpf,
    variant: 'classic',
    refusals: ['name bpf', 'not to preempt'],
  },
];

/** Those of the releases that `KERNELS` names; by default of the oldest, whose verifier understands least. */
export function wantedMachines(wanted = process.env['KERNELS'] ?? 'bookworm'): readonly MachineConfiguration[] {
  if (wanted === 'all') return machines;
  const words = wanted.split(/[\s,]+/);
  const unknown = words.find((word) => !releases.some((release) => release === word));
  if (unknown !== undefined) throw new Error(`KERNELS names "${unknown}"; there are ${releases.join(', ')}, and all`);
  return machines.filter(({ release }) => words.includes(release));
}

function kernelOf(release: Release): string | undefined {
  const folder = join(cacheRoot(), 'kernels', release);
  try {
    return readdirSync(folder)
      .filter((name) => name.startsWith('vmlinuz-'))
      .map((name) => join(folder, name))[0];
  } catch {
    return undefined;
  }
}

function missingHere(): string | undefined {
  if (process.arch !== 'x64') return 'the machines are built for amd64 only';
  try {
    execFileSync('qemu-system-x86_64', ['--version'], { stdio: 'ignore' });
  } catch {
    return 'qemu-system-x86_64 is missing ("make packages" installs it)';
  }
  return missingForInitramfs();
}

export type Attempt = { readonly outcome: Outcome } | { readonly reason: string };

/** Builds the archive once, boots what is asked for, one machine at a time. */
export interface Matrix {
  run(machine: MachineConfiguration): Promise<Attempt>;
  remove(): void;
}

export function createMatrix(): Matrix {
  const folder = mkdtempSync(join(tmpdir(), 'kernels-'));
  const initramfs = join(folder, 'initramfs');
  let built: Promise<void> | undefined;
  return {
    run: async ({ name, release, options, layouts: wanted }) => {
      const kernel = kernelOf(release);
      if (kernel === undefined) return { reason: `no kernel of Debian ${release}: hack/kernels/fetch.sh gets it` };
      const reason = missingHere();
      if (reason !== undefined) return { reason };
      built ??= buildInitramfs(initramfs);
      await built;
      return {
        outcome: await bootMachine(
          kernel,
          initramfs,
          `${options} layouts=${wanted.join(',')}`,
          join(folder, `${name}.log`),
        ),
      };
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

type Round = Extract<Message, { type: 'round' }>;

/** Kernel, layout, hierarchy, variant, scenarios passed and refusals of each round of a machine. */
export function roundRows(name: string, { messages }: Outcome): string[][] {
  const boot = messages.find((message) => message.type === 'boot');
  const passed = ({ layout, variant }: Round): number =>
    messages.filter((message) => {
      if (message.type !== 'result' || message.layout !== layout) return false;
      const scenario = scenarios.find(({ name }) => name === message.scenario);
      return scenario !== undefined && isDeepStrictEqual(message.observed, scenario.expected(variant));
    }).length;
  return messages
    .filter((message) => message.type === 'round')
    .map((round) => [
      boot?.kernel ?? name,
      round.layout,
      round.cgroups,
      round.variant,
      `${passed(round)} of ${scenarios.length}`,
      round.refusals.map(({ variant, reason }) => `${variant}: ${reason}`).join('; ') || '-',
    ]);
}

/** Rows under a heading, columns padded to their widest cell. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const all = [['kernel', 'layout', 'cgroup ids of', 'variant', 'passed', 'refused before'], ...rows];
  const width = (column: number): number => Math.max(...all.map((row) => row[column]?.length ?? 0));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(width(column)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
