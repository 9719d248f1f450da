/** The agent as a process of its own on this kernel, beside an operator that a test plays, and containers made of cgroups. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import type { ServerResponse } from 'node:http';
import { test as base } from 'vitest';
import { snapshotSchema, type Snapshot } from '../../core/activity/snapshot.ts';
import { agentReport, type AgentReport, type Slot } from '../../core/wire/agent.ts';
import { compileBlobs } from '../../agent/bpf/compile.ts';
import { findHierarchy } from '../../agent/kernel/hierarchy.ts';
import { architecture } from '../../agent/kernel/syscall-table.ts';
import { initialDesired } from '../../agent/link/desired-file.ts';
import { OperatorServer } from '../../agent/link/testing/operator-server.ts';
import { removeCgroup } from './observed-cgroup.ts';
import { mountTracefs, whyNot } from './requirements.ts';

/** Grants slots, keeps what it is told, and can be away. */
export class PlayedOperator {
  readonly server = new OperatorServer();
  readonly reports: AgentReport[] = [];
  readonly snapshots: Snapshot[] = [];
  away = false;
  #stream: ServerResponse | undefined;
  #version = 0;
  #slots: Slot[] = [];

  constructor() {
    this.server.answer = ({ line, body }, response) => {
      if (this.away) response.writeHead(503).end();
      else if (line === 'GET /agent/v1/desired') this.#open(response);
      else if (line === 'POST /agent/v1/report') {
        this.reports.push(agentReport.parse(JSON.parse(body.toString())));
        response.writeHead(204).end();
      } else {
        this.snapshots.push(snapshotSchema.parse(JSON.parse(zstdDecompressSync(body).toString())));
        response.end('{"result":"accepted"}');
      }
    };
  }

  get last(): AgentReport | undefined {
    return this.reports.at(-1);
  }

  #open(response: ServerResponse): void {
    this.#stream = response.writeHead(200);
    this.#tell();
  }

  #tell(): void {
    const state = { ...initialDesired, version: this.#version, maxSlots: 5, slots: this.#slots };
    this.#stream?.write(`${JSON.stringify(state)}\n`);
  }

  grant(...slots: Slot[]): void {
    this.#slots = slots;
    this.#version += 1;
    this.#tell();
  }
}

/** A process in a cgroup and a mount namespace of its own is as much of a container as the agent can tell. */
export class PlayedContainer {
  readonly id = randomBytes(32).toString('hex');
  readonly path: string;
  #process: ChildProcess | undefined;

  constructor(pod: string) {
    this.path = join(pod, this.id);
    mkdirSync(this.path);
  }

  /** Becomes the program, after a step in the host's mount namespace, as a runtime has one. */
  start(...command: readonly string[]): this {
    const enter = 'echo 0 > "$0/cgroup.procs" && exec unshare --mount "$@"';
    this.#process = spawn('/bin/sh', ['-c', enter, this.path, ...command], { stdio: 'ignore', detached: true });
    return this;
  }

  /** Resolves when its processes and its cgroup are gone. */
  async end(signal?: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child?.pid === undefined) throw new Error('the container was not started');
    if (signal !== undefined && child.exitCode === null) process.kill(-child.pid, signal);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    await removeCgroup(this.path);
  }
}

export interface Machine {
  readonly operator: PlayedOperator;
  container(): PlayedContainer;
  /** Starts the agent; a second time with the state of the first. */
  startAgent(): ChildProcess;
}

type Attempt = { readonly machine: Machine } | { readonly reason: string };

async function buildMachine(undo: (() => void | Promise<void>)[]): Promise<Machine> {
  const folder = mkdtempSync(join(tmpdir(), 'agent-test-'));
  undo.push(() => rmSync(folder, { recursive: true }));
  const tracefs = mountTracefs();
  undo.push(() => tracefs.remove());
  compileBlobs(join(folder, 'bpf'));
  const cluster = `/test-${randomBytes(6).toString('hex')}`;
  const { mountPoint } = findHierarchy('/sys/fs/cgroup');
  const pod = join(mountPoint, cluster, 'kubepods/burstable/pod6f2c1a04-9d3e-4b7a-8c55-1e2f3a4b5c6d');
  mkdirSync(pod, { recursive: true });
  undo.push(async () => {
    for (let path = pod; path !== mountPoint; path = join(path, '..')) {
      await removeCgroup(path);
    }
  });
  const operator = new PlayedOperator();
  await operator.server.start();
  undo.push(async () => {
    await operator.server.stop();
    operator.server.remove();
  });
  const env = {
    PATH: process.env['PATH'],
    WSP_NODE_NAME: 'node-1',
    WSP_OPERATOR_URL: operator.server.url.href,
    WSP_CA_FILE: operator.server.caFile,
    WSP_TOKEN_FILE: operator.server.tokenFile,
    WSP_STATE_DIR: join(folder, 'state'),
    WSP_TRACEFS: tracefs.path,
    WSP_BLOBS: join(folder, 'bpf', architecture()),
    WSP_KUBEPODS_CGROUP: `${cluster}/kubepods`,
    WSP_HEALTH_LISTEN: '127.0.0.1:0',
  };
  return {
    operator,
    container: () => new PlayedContainer(pod),
    startAgent: () => {
      const program = join(import.meta.dirname, '../../agent/main.ts');
      const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'ignore', 'inherit'] });
      undo.push(async () => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGKILL');
        await once(child, 'exit');
      });
      return child;
    },
  };
}

/** `test` for files that run the agent: skipped, with the reason, where the machine cannot. */
export const test = base
  // oxlint-disable-next-line no-empty-pattern -- vitest reads a fixture's needs from the pattern and wants one
  .extend('attempt', async ({}, { onCleanup }): Promise<Attempt> => {
    const reason = whyNot();
    if (reason !== undefined) return { reason };
    const undo: (() => void | Promise<void>)[] = [];
    onCleanup(async () => {
      for (const step of undo.toReversed()) await step();
    });
    return { machine: await buildMachine(undo) };
  })
  .extend('machine', ({ attempt, skip }): Machine => {
    if ('reason' in attempt) return skip(attempt.reason);
    return attempt.machine;
  });
