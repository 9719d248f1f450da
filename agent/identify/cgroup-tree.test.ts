import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findKubepods, listCgroups, processesBelow } from './cgroup-tree.ts';
import { findOwnKubepods } from './own-cgroup.ts';

const id = '0123456789abcdef'.repeat(4);
const uid = '6f2c1a04-9d3e-4b7a-8c55-1e2f3a4b5c6d';
let root: string;

/** A directory tree stands in for the cgroup file system: it is read by the same calls. */
function cgroup(path: string, ...pids: number[]): string {
  mkdirSync(join(root, path), { recursive: true });
  writeFileSync(join(root, path, 'cgroup.procs'), pids.map((pid) => `${pid}\n`).join(''));
  return path;
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wsp-cgroups-'));
});
afterEach(() => rmSync(root, { recursive: true }));

describe('the cgroups of a node', () => {
  it('lists kubepods down to the containers, parents first, with their inodes', () => {
    const container = cgroup(`/wsp/kubepods/burstable/pod${uid}/${id}`, 7);
    cgroup(`${container}/nested`, 8, 0, 9);
    cgroup('/system.slice/ssh.service', 3);
    expect(findKubepods(root)).toEqual(['/wsp/kubepods']);
    const listed = listCgroups(root, '/wsp/kubepods');
    expect(listed.map(({ place }) => place.level)).toEqual(['kubepods', 'qos', 'pod', 'container']);
    expect(listed[3]?.id).toBe(statSync(join(root, container), { bigint: true }).ino);
    expect(processesBelow(root, container)).toEqual([7, 8, 9]);
  });

  it('takes a cgroup that is gone for an empty one', () => {
    expect(listCgroups(root, '/kubepods')).toEqual([]);
    expect(processesBelow(root, '/kubepods/x')).toEqual([]);
  });
});

describe('findOwnKubepods', () => {
  it('chooses the cluster that holds the agent', () => {
    cgroup(`/one/kubepods/burstable/pod${uid}/${id}`, 1);
    cgroup(`/two/kubepods/burstable/pod${uid}/${id}`, 4711);
    expect(findOwnKubepods({ mountPoint: root, pid: 4711 })).toEqual({
      found: true,
      kubepods: '/two/kubepods',
      podUid: uid,
    });
  });

  it('takes the only cluster if it runs outside of it, and asks if there are several', () => {
    expect(findOwnKubepods({ mountPoint: root, pid: 1 })).toMatchObject({ found: false });
    cgroup('/one/kubepods');
    expect(findOwnKubepods({ mountPoint: root, pid: 1 })).toEqual({ found: true, kubepods: '/one/kubepods' });
    cgroup('/kubepods.slice');
    const unclear = findOwnKubepods({ mountPoint: root, pid: 1 });
    expect(unclear).toMatchObject({ found: false });
    expect(JSON.stringify(unclear)).toMatch(/WSP_KUBEPODS_CGROUP.*\/kubepods\.slice.*\/one\/kubepods/);
  });

  it('follows the configuration, if what it names exists', () => {
    cgroup('/one/kubepods');
    const asked = (configured: string) => findOwnKubepods({ mountPoint: root, pid: 1, configured });
    expect(asked('/one/kubepods')).toEqual({ found: true, kubepods: '/one/kubepods' });
    expect(asked('/two/kubepods')).toMatchObject({ found: false });
  });
});
