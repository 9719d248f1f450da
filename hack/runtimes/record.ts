/**
 * Writes down how the runtime of this node lays containers out, as a fixture for the tests of identification:
 *
 *   node hack/runtimes/record.ts [KUBEPODS] > test/fixtures/runtimes/NAME/node.json
 *
 * KUBEPODS is the path of the kubelet's cgroup below the mount point, needed only if there are several. Needs root. What it
 * says of containers is what the agent's own code makes of them: read it through before it becomes an expectation.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { findOwnKubepods } from '../../agent/identify/own-cgroup.ts';
import { lookUpBundle } from '../../agent/identify/bundle.ts';
import { listCgroups, processesBelow, processesIn } from '../../agent/identify/cgroup-tree.ts';
import { parentOf } from '../../agent/identify/proc-baseline.ts';
import { recordedBundle, recordedNode, type RecordedNode } from '../../agent/identify/testing/recorded-node.ts';
import { findHierarchy } from '../../agent/kernel/hierarchy.ts';

const cgroupRoot = '/sys/fs/cgroup';
/** Annotations that a runtime makes of a pod's own would carry an application's configuration. */
const kept = /^io\.kubernetes\.(?:cri|cri-o|container|pod)\b/;

const lines = (path: string, wanted: RegExp): string[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => wanted.test(line));

function configOf(supervisor: number, id: string): { path: string; config: RecordedNode['bundles'][string] } {
  const cwd = readlinkSync(`/proc/${supervisor}/cwd`);
  const argv = readFileSync(`/proc/${supervisor}/cmdline`, 'utf8').split('\0');
  const named = argv[argv.indexOf('-b') + 1] ?? '';
  const path = argv.includes('-b') ? named : join(cwd, '..', id);
  const text = readFileSync(`/proc/${supervisor}/root${path}/config.json`, 'utf8');
  const { annotations, process } = recordedBundle.parse(JSON.parse(text));
  if (annotations === undefined) return { path, config: { process } };
  const own = Object.entries(annotations).filter(([key, value]) => kept.test(key) && value.length < 200);
  return { path, config: { annotations: Object.fromEntries(own), process } };
}

function record(kubepods: string, mountPoint: string): RecordedNode {
  const node: RecordedNode = {
    cgroupRoot,
    procMounts: lines('/proc/self/mounts', / cgroup2? | \/sys\/fs\/cgroup /),
    procCgroups: lines('/proc/cgroups', /./),
    mountPoint,
    kubepods,
    cgroups: {},
    parents: {},
    supervisors: {},
    bundles: {},
    containers: [],
  };
  for (const { path, place } of listCgroups(mountPoint, kubepods)) {
    node.cgroups[path] = processesIn(mountPoint, path);
    if (place.level !== 'container') continue;
    const pids = processesBelow(mountPoint, path);
    const parents = new Map(pids.map((pid) => [pid, parentOf('/proc', pid) ?? 1]));
    const supervisor = [...parents.values()].find((parent) => !pids.includes(parent)) ?? 1;
    for (const [pid, parent] of parents) node.parents[pid] = parent;
    const { path: bundle, config } = configOf(supervisor, place.containerId);
    node.bundles[bundle] = config;
    const command = readFileSync(`/proc/${supervisor}/cmdline`, 'utf8').split('\0').slice(0, -1);
    node.supervisors[supervisor] = { command, cwd: readlinkSync(`/proc/${supervisor}/cwd`) };
    const found = lookUpBundle('/proc', supervisor, place.containerId);
    if (!found.found) throw new Error(`${path}: ${found.reason}`);
    const { kind, name, podName, podNamespace } = found.identity;
    node.containers.push({ id: place.containerId, kind, podUid: place.podUid, name, podName, podNamespace });
  }
  return node;
}

const { mountPoint } = findHierarchy(cgroupRoot);
const configured = process.argv[2];
const own = findOwnKubepods({ mountPoint, pid: process.pid, ...(configured !== undefined && { configured }) });
if (!own.found) throw new Error(own.reason);
process.stdout.write(`${JSON.stringify(recordedNode.parse(record(own.kubepods, mountPoint)), undefined, 1)}\n`);
