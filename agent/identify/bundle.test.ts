import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lookUpBundle } from './bundle.ts';

const id = '0123456789abcdef'.repeat(4);
const sandbox = 'ab'.repeat(32);
let root: string;
let proc: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wsp-bundle-'));
  proc = join(root, 'proc');
  mkdirSync(join(proc, '50'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

/** A supervisor with pid 50, as its /proc directory shows it. */
function supervisor(argv: readonly string[], cwd: string): void {
  writeFileSync(join(proc, '50/cmdline'), argv.map((argument) => `${argument}\0`).join(''));
  symlinkSync(cwd, join(proc, '50/cwd'));
  symlinkSync(root, join(proc, '50/root'));
}

function bundle(path: string, config: unknown): string {
  const directory = join(root, path);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));
  return directory;
}

const containerdAnnotations = (type: string) => ({
  'io.kubernetes.cri.container-type': type,
  'io.kubernetes.cri.container-name': 'web',
  'io.kubernetes.cri.sandbox-name': 'web-1',
  'io.kubernetes.cri.sandbox-namespace': 'shop',
  'io.kubernetes.cri.sandbox-uid': 'u-1',
});
const web = { name: 'web', podUid: 'u-1', podName: 'web-1', podNamespace: 'shop' };

describe('lookUpBundle', () => {
  it('finds containerd bundles beside that of the sandbox, and tells sandboxes apart', () => {
    const cwd = bundle(`state/k8s.io/${sandbox}`, { annotations: containerdAnnotations('sandbox') });
    bundle(`state/k8s.io/${id}`, { ociVersion: '1.0', annotations: containerdAnnotations('container') });
    supervisor(['/usr/bin/containerd-shim-runc-v2', '-namespace', 'k8s.io'], cwd);
    expect(lookUpBundle(proc, 50, id)).toEqual({ found: true, identity: { kind: 'container', ...web } });
    expect(lookUpBundle(proc, 50, sandbox)).toEqual({ found: true, identity: { kind: 'sandbox', ...web } });
  });

  it('finds a CRI-O bundle by the arguments of conmon', () => {
    const annotations = {
      'io.kubernetes.cri-o.ContainerType': 'container',
      'io.kubernetes.container.name': 'web',
      'io.kubernetes.pod.name': 'web-1',
      'io.kubernetes.pod.namespace': 'shop',
      'io.kubernetes.pod.uid': 'u-1',
    };
    bundle(`containers/overlay-containers/${id}/userdata`, { annotations });
    supervisor(['/usr/bin/conmon', '-b', `/containers/overlay-containers/${id}/userdata`, '-c', id], root);
    expect(lookUpBundle(proc, 50, id)).toEqual({ found: true, identity: { kind: 'container', ...web } });
  });

  it('knows the pause container of Docker, which has no annotations', () => {
    const cwd = bundle(`moby/${sandbox}`, { process: { args: ['/pause'] } });
    bundle(`moby/${id}`, { process: { args: ['nginx'] } });
    supervisor(['containerd-shim'], cwd);
    const unnamed = { name: '', podUid: '', podName: '', podNamespace: '' };
    expect(lookUpBundle(proc, 50, sandbox)).toEqual({ found: true, identity: { kind: 'sandbox', ...unnamed } });
    expect(lookUpBundle(proc, 50, id)).toEqual({ found: true, identity: { kind: 'container', ...unnamed } });
  });

  it('gives a reason when there is nothing to find', () => {
    expect(lookUpBundle(proc, 51, id)).toMatchObject({ found: false });
    const cwd = bundle(`state/${sandbox}`, '{ no json');
    supervisor(['shim'], cwd);
    expect(JSON.stringify(lookUpBundle(proc, 50, id))).toMatch(/"found":false,"reason":"no bundle at/);
    expect(JSON.stringify(lookUpBundle(proc, 50, sandbox))).toMatch(/"found":false,"reason":.*JSON/);
  });
});
