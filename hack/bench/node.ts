/** The agent as it is shipped, on this kernel and without a cluster: see test/kernel/machine.ts. */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { architecture } from '../../agent/kernel/syscall-table.ts';
import { buildMachine, type Machine } from '../../test/kernel/machine.ts';
import type { PlayedContainer } from '../../test/kernel/played-container.ts';
import { whyNot } from '../../test/kernel/requirements.ts';

const root = join(import.meta.dirname, '../..');

/** The agent's image says how it is started: its Node is ours, its program the bundle. */
function agentCommand(): string[] {
  const dockerfile = readFileSync(join(root, 'hack/images/agent.Dockerfile'), 'utf8');
  const entrypoint: unknown = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? '');
  const [, ...rest] = z.array(z.string()).nonempty().parse(entrypoint);
  const settings = [...dockerfile.matchAll(/^ENV (.*)$/gm)].map(([, setting = '']) => setting);
  const bundle = join(root, 'dist/agent.js');
  return [
    '/usr/bin/env',
    ...settings,
    process.execPath,
    ...rest.map((each) => (each === '/app/agent.js' ? bundle : each)),
  ];
}

export interface Node extends Machine {
  /** Compiles a program of hack/bench/load, once. Returns its path. */
  load(name: string): string;
  /** To be done when the node is no longer needed, however that comes about. */
  atEnd(step: () => void): void;
  /** Starts the agent and resolves when it captures. */
  agentReady(): Promise<Agent>;
}

export interface Agent {
  readonly pid: number;
  stop(): Promise<void>;
}

export async function until<Found>(what: string, find: () => Found | undefined, seconds = 30): Promise<Found> {
  for (const end = performance.now() + seconds * 1_000; ;) {
    const found = find();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await setTimeout(20);
  }
}

/** A program's standard output. @throws Error if it fails. */
export async function outputOf(command: string, child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error(`${command}: its output is not piped`);
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (child.exitCode !== 0) throw new Error(`${command} ended with ${child.exitCode ?? child.signalCode}`);
  return output;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, 'exit');
}

function compile(folder: string, name: string): string {
  const program = join(folder, name);
  const source = join(import.meta.dirname, 'load', `${name}.c`);
  if (!existsSync(program)) execFileSync('gcc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', program, source]);
  return program;
}

/** Somebody wants this to end. */
export class Interrupted extends Error {}

/** @param done nobody asks any more. @throws Interrupted when a signal says so. */
async function interruption(done: AbortSignal): Promise<never> {
  const signals = ['SIGINT', 'SIGTERM'].map(async (signal) => {
    await once(process, signal, { signal: done });
    return signal;
  });
  throw new Interrupted(`ended by ${await Promise.race(signals)}`);
}

/**
 * Runs `use` with a node of its own, of which nothing is left afterwards.
 * @throws Error, with the reason, where there cannot be one. Interrupted if the process is told to end.
 */
export async function withNode<Result>(use: (node: Node) => Promise<Result>): Promise<Result> {
  const reason = whyNot();
  if (reason !== undefined) throw new Error(`the capture cannot be measured here: ${reason}`);
  const undo: (() => void | Promise<void>)[] = [];
  const done = new AbortController();
  try {
    const folder = mkdtempSync(join(tmpdir(), 'bench-'));
    undo.push(() => rmSync(folder, { recursive: true }));
    const blobFolder = join(root, 'dist/bpf', architecture());
    const machine = await buildMachine({ agent: agentCommand(), blobFolder, folder, undo });
    const containers: PlayedContainer[] = [];
    undo.push(async () => {
      for (const container of containers) if (existsSync(container.path)) await container.end('SIGKILL');
    });
    const node: Node = {
      ...machine,
      container: () => {
        const container = machine.container();
        containers.push(container);
        return container;
      },
      load: (name) => compile(folder, name),
      agentReady: () => agentReady(machine),
      atEnd: (step) => void undo.push(step),
    };
    return await Promise.race([use(node), interruption(done.signal)]);
  } finally {
    done.abort();
    for (const step of undo.toReversed()) await step();
  }
}

async function agentReady(machine: Machine): Promise<Agent> {
  const { operator } = machine;
  const before = operator.last?.instance;
  const child = machine.startAgent();
  await until('an agent that captures', () => {
    if (child.exitCode !== null) throw new Error(`the agent ended with ${child.exitCode}`);
    const { capture, instance } = operator.last ?? {};
    if (capture?.state === 'unsupported') throw new Error(`the agent cannot capture: ${capture.reason}`);
    return capture?.state === 'ready' && instance !== before ? true : undefined;
  });
  if (child.pid === undefined) throw new Error('the agent has no pid');
  return { pid: child.pid, stop: () => end(child, 'SIGTERM') };
}
