/**
 * A real API server for tests: etcd and kube-apiserver on free loopback ports, in a directory of their own under
 * os.tmpdir(). RBAC is on, service account tokens can be requested and reviewed, CRDs work. There are no controllers, no
 * scheduler and no nodes: objects stay as they were written, and a pod may name any node.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

export interface ApiServer {
  /** Path of a kubeconfig whose user is cluster-admin. */
  readonly kubeconfig: string;
  /** `https://127.0.0.1:<port>`; stays the same over restarts. */
  readonly url: string;
  /** SIGKILL to kube-apiserver, as a crash would; etcd and all objects stay. */
  kill(): Promise<void>;
  /** Starts kube-apiserver again, on the same port; resolves when it is ready. */
  start(): Promise<void>;
  /** {@link kill}, then {@link start}. */
  restart(): Promise<void>;
  /** kubectl as cluster-admin; resolves to its output, rejects with what it wrote to stderr. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** Ends both processes and removes the directory. */
  stop(): Promise<void>;
}

/** Cold page cache on two idle cores: etcd 1 s, kube-apiserver 8 s. Busy cores take several times that; tests have 300 s. */
const startTimeoutMs = 120_000;

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const taken = Promise.withResolvers<boolean>();
  server.on('error', () => taken.resolve(true)).listen(port, '127.0.0.1', () => taken.resolve(false));
  if (await taken.promise) return false;
  server.close();
  await once(server, 'close');
  return true;
}

/**
 * Ports that stay free until their programs bind them, and while kube-apiserver is away: below those that the kernel gives to
 * others that ask for any port (32768 at the lowest) and to node ports (30000).
 */
async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(20_000, 30_000);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

interface Program {
  readonly name: string;
  readonly process: ChildProcess;
  readonly log: string;
}

/** setpriv lets the kernel end the program when this process dies, however it dies: no test leaves a server behind. */
function launch(directory: string, file: string, name: string, args: readonly string[]): Program {
  const log = join(directory, `${name}.log`);
  const output = openSync(log, 'a');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', join(file, name), ...args], {
    cwd: directory,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  return { name, process: child, log };
}

async function end(program: Program): Promise<void> {
  if (program.process.exitCode !== null || program.process.signalCode !== null) return;
  const exited = once(program.process, 'exit');
  program.process.kill('SIGKILL');
  await exited;
}

async function until(program: Program, ready: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  while (!(await ready())) {
    const ended = program.process.exitCode !== null || program.process.signalCode !== null;
    if (ended || Date.now() > deadline) {
      const tail = readFileSync(program.log, 'utf8').slice(-2_000);
      throw new Error(`${program.name} ${ended ? 'ended' : `was not ready in ${startTimeoutMs} ms`}:\n${tail}`);
    }
    await sleep(50);
  }
}

function answers(url: string, ca: string, token: string): Promise<boolean> {
  if (!existsSync(ca)) return Promise.resolve(false);
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${token}` };
    const request = get(url, { ca: readFileSync(ca), headers, agent: false, timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', () => resolve(false));
  });
}

function kubeconfigText(url: string, ca: string, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: url, 'certificate-authority': ca } }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  });
}

function apiServerArguments(directory: string, port: number, etcdUrl: string): string[] {
  return [
    `--etcd-servers=${etcdUrl}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    // It writes its own serving certificate here when there is none, and finds it again after a restart.
    `--cert-dir=${join(directory, 'certs')}`,
    `--token-auth-file=${join(directory, 'tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-signing-key-file=${join(directory, 'service-account.key')}`,
    `--service-account-key-file=${join(directory, 'service-account.pub')}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    // Without a controller manager no namespace gets its default service account, which this plugin would wait for.
    '--disable-admission-plugins=ServiceAccount',
    '--allow-privileged=true',
    // A killed API server's lease would only delay the next one.
    '--endpoint-reconciler-type=none',
  ];
}

function writeCredentials(directory: string, token: string): void {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(join(directory, 'service-account.key'), privateKey.export({ type: 'sec1', format: 'pem' }));
  writeFileSync(join(directory, 'service-account.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(join(directory, 'tokens.csv'), `${token},admin,admin,system:masters\n`, { mode: 0o600 });
}

/**
 * @param binaries directory with etcd, kube-apiserver and kubectl
 * @throws Error with the end of the log if a process does not become ready
 */
export async function startApiServer(binaries: string): Promise<ApiServer> {
  const directory = mkdtempSync(join(tmpdir(), 'wsp-api-server-'));
  const kubeconfig = join(directory, 'kubeconfig');
  const ca = join(directory, 'certs', 'apiserver.crt');
  const token = randomBytes(24).toString('hex');
  const [clientPort = 0, peerPort = 0, port = 0] = await freePorts(3);
  const [etcdUrl, peerUrl, url] = [
    `http://127.0.0.1:${clientPort}`,
    `http://127.0.0.1:${peerPort}`,
    `https://127.0.0.1:${port}`,
  ];
  writeCredentials(directory, token);
  writeFileSync(kubeconfig, kubeconfigText(url, ca, token), { mode: 0o600 });

  const etcd = launch(directory, binaries, 'etcd', [
    `--data-dir=${join(directory, 'etcd')}`,
    '--unsafe-no-fsync',
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    '--log-level=error',
  ]);
  let server: Program | undefined;

  const kill = async (): Promise<void> => {
    if (server !== undefined) await end(server);
  };
  const start = async (): Promise<void> => {
    const program = launch(directory, binaries, 'kube-apiserver', apiServerArguments(directory, port, etcdUrl));
    server = program;
    await until(program, () => answers(`${url}/readyz`, ca, token));
    // Readiness does not wait for the namespaces that every test expects.
    await until(program, () => answers(`${url}/api/v1/namespaces/default`, ca, token));
  };
  const stop = async (): Promise<void> => {
    await kill();
    await end(etcd);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    kubeconfig,
    url,
    kill,
    start,
    restart: async () => {
      await kill();
      await start();
    },
    kubectl: (args, input) => runKubectl(join(binaries, 'kubectl'), kubeconfig, args, input),
    stop,
  };
}

async function runKubectl(
  program: string,
  kubeconfig: string,
  args: readonly string[],
  input: string | undefined,
): Promise<string> {
  const running = promisify(execFile)(program, ['--kubeconfig', kubeconfig, ...args], {
    maxBuffer: 64 * 1024 * 1024,
    timeout: 60_000,
  });
  running.child.stdin?.end(input ?? '');
  return (await running).stdout;
}
