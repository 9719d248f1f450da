/** Requests that an observed and profiled nginx answers under load, against the same one without an agent. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { attachEmptyProgram, type Hook, hookOf } from './empty-program.ts';
import type { Measurement } from './measurement.ts';
import { type Node, outputOf } from './node.ts';
import { alternate, figures, ratio, type Sample, type Series } from './paired.ts';
import { processorNanoseconds } from './process.ts';
import { reportAfter, slotFor, untilAll } from './reports.ts';
import { median } from './statistics.ts';
import type { PlayedContainer } from '../../test/kernel/played-container.ts';

const names = { none: 'no agent', empty: 'an empty program', agent: 'agent' } as const;
/** Connections that stay open, as many as keep one worker busy. */
const connections = 16;
const seconds = 3;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (typeof address !== 'object' || address === null) throw new Error('the server does not listen');
  return address.port;
}

/** One worker that opens the file, sends it and writes a line of its log for each request: nginx's defaults. */
function writeSite(folder: string, port: number): string {
  const site = join(folder, 'site');
  mkdirSync(site);
  writeFileSync(join(site, 'index.html'), `<!doctype html><title>nginx</title>${'<p>served</p>'.repeat(45)}\n`);
  const configuration = join(folder, 'nginx.conf');
  writeFileSync(
    configuration,
    `user root; daemon off; worker_processes 1; worker_cpu_affinity 01; pid ${folder}/nginx.pid;
error_log stderr;
events {}
http {
  access_log /dev/null combined;
  keepalive_requests 1000000;
  sendfile on;
  server { listen 127.0.0.1:${port}; root ${site}; }
}`,
  );
  return configuration;
}

async function untilServed(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      socket.destroy();
    }
  }
  throw new Error(`nginx does not listen on port ${port}`);
}

interface Server {
  readonly container: PlayedContainer;
  readonly port: number;
  /** The process that answers. */
  readonly worker: number;
}

async function serve(node: Node): Promise<Server> {
  const port = await freePort();
  const container = node.container();
  container.launch(['nginx', '-e', 'stderr', '-c', writeSite(node.folder, port)], ['ignore', 'ignore', 'inherit']);
  await untilServed(port);
  const [, worker] = readFileSync(join(container.path, 'cgroup.procs'), 'utf8').trim().split('\n').map(Number);
  if (worker === undefined) throw new Error('nginx has no worker');
  return { container, port, worker };
}

/** The load comes from the other processor. An answer may take its time: the machine may be anywhere else for seconds. */
async function load({ port, worker }: Server): Promise<Sample> {
  const before = processorNanoseconds(worker);
  const wrk = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '30s', `http://127.0.0.1:${port}/`];
  const child: ChildProcess = spawn('taskset', ['-c', '1', 'wrk', ...wrk], { stdio: ['ignore', 'pipe', 'inherit'] });
  const output = await outputOf('wrk', child);
  const requests = Number(/(\d+) requests in/.exec(output)?.[1]);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]);
  if (!(requests > 0) || /Non-2xx|Socket errors/.test(output)) throw new Error(`the load failed:\n${output}`);
  return { perSecond, perProcessorSecond: (requests * 1e9) / (processorNanoseconds(worker) - before) };
}

async function withAgent(node: Node, server: Server): Promise<Sample> {
  const agent = await node.agentReady();
  await reportAfter(node, [slotFor(server.container)]);
  await untilAll(node, [server.container], 'profiling');
  const sample = await load(server);
  await agent.stop();
  node.operator.grant([]);
  return sample;
}

async function withEmptyProgram(node: Node, server: Server, hook: Hook): Promise<Sample> {
  const detach = attachEmptyProgram(hook, node.tracefs);
  try {
    return await load(server);
  } finally {
    detach();
  }
}

/** Requests a second, and for each second of processor time: other work on the machine takes none of the latter. */
const rates = [
  ['perSecond', 'requests/s'],
  ['perProcessorSecond', 'requests per second of its processor time'],
] as const;

function rowsOf(series: Series): Measurement[] {
  const row = (what: string, figure: string, of: string, to: string): Measurement => {
    const { median: value, ...spread } = ratio(series, figure, of, to);
    const note = `${Math.round(median(figures(series, to, figure)))} with ${to}`;
    return { what, value, unit: 'ratio', spread, note };
  };
  const budget = { atLeast: 0.97 };
  return rates.flatMap(([figure, rate]) => [
    { ...row(`nginx ${rate}, observed and profiled`, figure, names.agent, names.none), budget },
    row(`nginx ${rate}, a program that does nothing at the same hook`, figure, names.empty, names.none),
    { ...row(`nginx ${rate}, observed and profiled, against that program`, figure, names.agent, names.empty), budget },
  ]);
}

export async function measureWeb(node: Node, rounds: number, progress: (text: string) => void): Promise<Measurement[]> {
  const server = await serve(node);
  try {
    // The first load warms caches, and is not counted.
    await withAgent(node, server);
    const hook = hookOf(node.operator.last?.capture.variant);
    const measured = [
      { name: names.none, measure: () => load(server) },
      { name: names.empty, measure: () => withEmptyProgram(node, server, hook) },
      { name: names.agent, measure: () => withAgent(node, server) },
    ];
    return rowsOf(await alternate(measured, rounds, progress));
  } finally {
    await server.container.end('SIGTERM');
  }
}
