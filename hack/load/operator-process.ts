/** The bundled operator as a process of its own, and what it uses. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { productNamespace } from './cluster.ts';
import { mebibyte } from '../bench/memory.ts';
import { chartLimitMiB, memoryLimit } from './memory-limit.ts';

const dockerfile = new URL('../images/operator.Dockerfile', import.meta.url).pathname;
const program = new URL('../../dist/operator.js', import.meta.url).pathname;

const atWork = z.object({ msg: z.literal('operator is at work'), port: z.number() });

export interface OperatorProcess {
  readonly pid: number;
  readonly port: number;
  /** Of all its threads, also those that have ended, in seconds. */
  processorSeconds(): number;
  /** The most that its cgroup was charged with, in bytes. */
  peakBytes(): number;
  /** As whoever holds this token; metric by name and labels. */
  metrics(ca: string, token: string): Promise<ReadonlyMap<string, number>>;
  /** SIGTERM, and waits for its end. */
  stop(): Promise<void>;
}

const entryPoint = z.tuple([z.string()], z.string());

/** The environment that the operator's image gives it, and its arguments for Node. */
function imageSettings(): { environment: Record<string, string>; nodeArguments: readonly string[] } {
  const text = readFileSync(dockerfile, 'utf8');
  const settings = text.matchAll(/^ENV (\w+)=(.*)$/gm);
  const [, ...rest] = entryPoint.parse(JSON.parse(/^ENTRYPOINT (.*)$/m.exec(text)?.[1] ?? ''));
  return {
    environment: Object.fromEntries(Array.from(settings, ([, name = '', value = '']) => [name, value])),
    nodeArguments: rest.slice(0, -1),
  };
}

/** Why it cannot be started; undefined if it can. */
export function operatorMissing(): string | undefined {
  return existsSync(program) ? undefined : `${program} is missing: run make build`;
}

/**
 * @param directory for its store and its log
 * @param nodeArguments of Node, for example --cpu-prof
 * @param onEnd called if it ends unasked, for example because it wanted more memory than it has
 * @throws Error with the end of the log if it ends before it is at work
 */
export async function startOperator(
  kubeconfig: string,
  directory: string,
  nodeArguments: readonly string[],
  onEnd: (error: Error) => void,
): Promise<OperatorProcess> {
  const log = join(directory, 'operator.log');
  const limit = memoryLimit(`wsp-load-${process.pid}`, chartLimitMiB() * mebibyte);
  const image = imageSettings();
  const node = [process.execPath, ...image.nodeArguments, ...nodeArguments, program];
  const command = [...limit.command, 'setpriv', '--pdeathsig', 'KILL', ...node];
  const [shell = '', ...rest] = command;
  const child = spawn(shell, rest, {
    cwd: directory,
    env: {
      PATH: process.env['PATH'],
      ...image.environment,
      KUBECONFIG: kubeconfig,
      WSP_NAMESPACE: productNamespace,
      WSP_LISTEN: '127.0.0.1:0',
      WSP_HEALTH_LISTEN: '127.0.0.1:0',
      WSP_DATA_DIR: directory,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const written = child.stdout.pipe(createWriteStream(log));
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = atWork.safeParse(JSON.parse(line));
      if (said.success) resolve(said.data.port);
    });
    child.once('exit', () => reject(new Error(`the operator ended:\n${endOf(log)}`)));
  });
  const pid = child.pid ?? 0;
  let stopping = false;
  child.once('close', (code, signal) => {
    const end = (): Error =>
      new Error(`the operator ended with ${code ?? signal}, ${limit.peak()} bytes at most:\n${endOf(log)}`);
    if (!stopping) written.once('finish', () => onEnd(end()));
  });
  return {
    pid,
    port,
    processorSeconds: () => processorSeconds(pid),
    peakBytes: () => limit.peak(),
    metrics: (ca, token) => scrape(port, ca, token),
    stop: async () => {
      stopping = true;
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await exited;
      limit.remove();
    },
  };
}

function endOf(log: string): string {
  return readFileSync(log, 'utf8').slice(-2_000);
}

/** User and system time of /proc/PID/stat, in the ticks of 10 ms that it has on every Linux. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** A server that is late may close a connection on a request that has just come; figures are worth asking for again. */
async function scrape(port: number, ca: string, token: string): Promise<ReadonlyMap<string, number>> {
  for (let left = 4; left > 0; left -= 1) {
    try {
      return await scrapeOnce(port, ca, token);
    } catch {
      await sleep(1_000);
    }
  }
  return scrapeOnce(port, ca, token);
}

function scrapeOnce(port: number, ca: string, token: string): Promise<ReadonlyMap<string, number>> {
  const url = `https://127.0.0.1:${port}/metrics`;
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    get(url, { ca, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        if (response.statusCode === 200) resolve(parseMetrics(text));
        else reject(new Error(`${url} answered ${response.statusCode}: ${text.slice(0, 200)}`));
      });
    }).on('error', reject);
  });
}

/** Prometheus' text format: `name{labels} value`. */
export function parseMetrics(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}
