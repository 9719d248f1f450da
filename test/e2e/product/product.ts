/** The product and the samples on a cluster of their own: what they show through the API server and the operator's port. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { z } from 'zod';
import { Cluster, patience } from '../cluster.ts';
import { imageOf, profileList, type Profile } from './profile.ts';

export const namespace = 'workload-security';
const service = 'workload-security-operator';
const account = 'e2e-reader';
/** How curl ends when it gets no connection. */
const notConnected = 7;

/** Until the check passes; seconds of an idle machine. Agents, operator and kubelet have no event for "done"; the last failure is what the test shows. */
export async function within<T>(seconds: number, check: () => Promise<T> | T): Promise<T> {
  return vi.waitFor(check, { timeout: seconds * patience * 1000, interval: 500 });
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface Call {
  readonly path: string;
  readonly token?: string;
  readonly body?: Uint8Array;
}

interface Door {
  readonly ca: string;
  readonly address: string;
}

const podList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({ nodeName: z.string().default('') }),
      status: z.object({
        podIP: z.string().optional(),
        containerStatuses: z
          .array(z.object({ containerID: z.string().optional(), restartCount: z.number(), ready: z.boolean() }))
          .default([]),
      }),
    }),
  ),
});

export interface Pod {
  readonly name: string;
  readonly node: string;
  readonly address: string;
  /** ID of its first container, without the name of the runtime. */
  readonly containerId: string;
  readonly restarts: number;
  readonly ready: boolean;
}

/** The first process of a container, by its control group. */
export function processIn({ name, containerId }: Pod): number {
  const ids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  const mine = ids.map(Number).filter((id) => {
    try {
      return readFileSync(`/proc/${id}/cgroup`, 'utf8').includes(containerId);
    } catch {
      return false; // it has ended
    }
  });
  if (containerId === '' || mine.length === 0) throw new Error(`pod ${name} has no process`);
  return Math.min(...mine);
}

export class Product {
  readonly home = mkdtempSync(join(tmpdir(), 'wsp-e2e-product-'));
  readonly cluster = new Cluster(`e2e-product-${process.pid}`, this.home);
  #recent: { readonly at: number; readonly profiles: Promise<readonly Profile[]> } | undefined;
  #token: string | undefined;
  /** Found once: it must be known while the API server is away. */
  #door: Promise<Door> | undefined;

  async remove(): Promise<void> {
    await this.cluster.try('down');
    rmSync(this.home, { recursive: true, force: true });
  }

  /** Where the agent keeps its state, on the node's own /var. */
  get agentState(): string {
    return join(this.cluster.state, 'var/lib/workload-security');
  }

  async configure(spec: object): Promise<void> {
    const patch = JSON.stringify({ spec });
    await this.cluster.kubectl('patch', 'wsc', 'default', '--type=merge', `--patch=${patch}`);
  }

  /** Read at most once in half a second, whoever asks: many tests wait at the same time. */
  async profiles(): Promise<readonly Profile[]> {
    if (this.#recent === undefined || performance.now() - this.#recent.at > 500) {
      const profiles = this.cluster
        .kubectl('get', 'securityprofiles', '-o', 'json')
        .then((text) => profileList.parse(JSON.parse(text)).items);
      this.#recent = { at: performance.now(), profiles };
    }
    return this.#recent.profiles;
  }

  /** `image` without the samples' registry. @throws Error if there is none */
  async profile(image: string): Promise<Profile> {
    const wanted = `localhost/samples/${image}`;
    const profiles = await this.profiles();
    const found = profiles.find((profile) => imageOf(profile) === wanted);
    if (found === undefined) throw new Error(`no profile of ${wanted} among ${profiles.map(imageOf).join(', ')}`);
    return found;
  }

  async pods(inNamespace: string, selector: string): Promise<Pod[]> {
    const text = await this.cluster.kubectl('-n', inNamespace, 'get', 'pods', '-l', selector, '-o', 'json');
    return podList.parse(JSON.parse(text)).items.map(({ metadata, spec, status }) => ({
      name: metadata.name,
      node: spec.nodeName ?? '',
      address: status.podIP ?? '',
      containerId: status.containerStatuses[0]?.containerID?.replace(/^.*:\/\//, '') ?? '',
      restarts: status.containerStatuses[0]?.restartCount ?? 0,
      ready: status.containerStatuses[0]?.ready ?? false,
    }));
  }

  async agentPod(): Promise<Pod> {
    const pods = await this.pods(namespace, 'app.kubernetes.io/component=agent');
    const pod = pods.find(({ node }) => node === 'node-1');
    if (pod === undefined) throw new Error('the agent has no pod');
    return pod;
  }

  async operatorPod(): Promise<Pod> {
    const [pod] = await this.pods(namespace, 'app.kubernetes.io/component=operator');
    if (pod === undefined) throw new Error('the operator has no pod');
    return pod;
  }

  /** Of somebody who was given the chart's roles for readers, and nothing else. */
  async readerToken(): Promise<string> {
    if (this.#token !== undefined) return this.#token;
    await this.cluster.kubectl('-n', 'default', 'create', 'serviceaccount', account);
    for (const role of ['viewer', 'metrics-reader']) {
      const names = [`e2e-${role}`, `--clusterrole=workload-security-${role}`];
      await this.cluster.kubectl('create', 'clusterrolebinding', ...names, `--serviceaccount=default:${account}`);
    }
    this.#token = await this.cluster.kubectl('-n', 'default', 'create', 'token', account, '--duration=12h');
    return this.#token;
  }

  /** To the operator's Service, from the node's network. The token goes by stdin: arguments are seen by everybody. */
  async call({ path, token, body }: Call): Promise<Answer> {
    const { ca, address } = await (this.#door ??= this.#findDoor());
    const folder = mkdtempSync(join(this.home, 'call-'));
    try {
      writeFileSync(join(folder, 'ca'), ca);
      if (body !== undefined) writeFileSync(join(folder, 'body'), body);
      const host = `${service}.${namespace}.svc`;
      const config = [
        `url = "https://${host}:8443${path}"`,
        `cacert = "${folder}/ca"`,
        `resolve = "${host}:8443:${address}"`,
        'write-out = "\\n%{http_code}"',
        ...(token === undefined ? [] : [`header = "Authorization: Bearer ${token}"`]),
        ...(body === undefined ? [] : [`data-binary = "@${folder}/body"`, 'header = "Expect:"']),
      ];
      const curl = ['curl', '--silent', '--show-error', '--max-time', '20', '--config', '-'];
      // Nobody listens while the operator is not ready, and nobody has heard anything: it can be asked again.
      const { code, stdout, stderr } = await within(10, async () => {
        const output = await this.cluster.inNetwork(curl, config.join('\n'));
        if (output.code === notConnected) throw new Error(output.stderr);
        return output;
      });
      if (code !== 0) throw new Error(`${path}: curl ended with ${code}\n${stdout}\n${stderr}`);
      const end = stdout.lastIndexOf('\n');
      return { status: Number(stdout.slice(end + 1)), text: stdout.slice(0, end) };
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  async #findDoor(): Promise<Door> {
    const get = async (...what: string[]): Promise<string> => this.cluster.kubectl('-n', namespace, 'get', ...what);
    const ca = await get('configmap', 'workload-security-ca', '-o', 'jsonpath={.data.ca\\.crt}');
    return { ca, address: await get('service', service, '-o', 'jsonpath={.spec.clusterIP}') };
  }

  async read(path: string): Promise<string> {
    const { status, text } = await this.call({ path, token: await this.readerToken() });
    if (status !== 200) throw new Error(`${path} was answered ${status}: ${text}`);
    return text;
  }

  /** All series of the operator by name with labels, without the common prefix: `container_starts_total{node="n",seen="true"}`. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const lines = (await this.read('/metrics')).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      lines.map((line) => {
        const space = line.lastIndexOf(' ');
        return [line.slice(0, space).replace(/^workload_security_/, ''), Number(line.slice(space + 1))];
      }),
    );
  }

  /** One series; 0 while it was never counted. */
  async metric(series: string): Promise<number> {
    return (await this.metrics()).get(series) ?? 0;
  }
}
