import { describe, expect, test } from 'vitest';
import { chooseHierarchy } from './hierarchy.ts';

/** As recorded on nodes; columns are subsys_name, hierarchy, num_cgroups, enabled. */
const hybridControllers = `#subsys_name\thierarchy\tnum_cgroups\tenabled
cpuset\t3\t1\t1
cpu\t1\t1\t1
cpuacct\t2\t1\t1
blkio\t7\t1\t1
memory\t4\t17\t1
devices\t5\t1\t1
freezer\t6\t1\t1
net_cls\t0\t1\t1
pids\t8\t1\t1
`;
const hybridMounts = `tmpfs /sys/fs/cgroup tmpfs rw,relatime,mode=755 0 0
cgroup /sys/fs/cgroup/cpu cgroup rw,relatime,cpu 0 0
cgroup /sys/fs/cgroup/cpuset cgroup rw,relatime,cpuset 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup /sys/fs/cgroup/pids cgroup rw,relatime,pids 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
`;
const unifiedControllers = `#subsys_name\thierarchy\tnum_cgroups\tenabled
cpuset\t0\t120\t1
cpu\t0\t120\t1
memory\t0\t120\t1
pids\t0\t120\t1
`;
const unifiedMounts = `cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate,memory_recursiveprot 0 0
`;

const root = '/sys/fs/cgroup';

describe('chooseHierarchy', () => {
  test('v2 where it is mounted at the root', () => {
    expect(chooseHierarchy(unifiedControllers, unifiedMounts, root)).toEqual({
      source: 'unified',
      id: 0,
      mountPoint: root,
    });
  });

  test('v2 even if somebody has mounted a v1 controller besides', () => {
    const mounts = `${unifiedMounts}cgroup /sys/fs/cgroup/net_cls cgroup rw,net_cls 0 0\n`;
    expect(chooseHierarchy(unifiedControllers, mounts, root).source).toBe('unified');
  });

  test('the memory controller on a hybrid node, where kubelet leaves the v2 hierarchy alone', () => {
    expect(chooseHierarchy(hybridControllers, hybridMounts, root)).toEqual({
      source: 'memory',
      id: 4,
      mountPoint: '/sys/fs/cgroup/memory',
    });
  });

  test('the next controller if memory is switched off', () => {
    const controllers = hybridControllers.replace('memory\t4\t17\t1', 'memory\t0\t1\t0');
    const mounts = hybridMounts.replace(/.*memory.*\n/, '');
    expect(chooseHierarchy(controllers, mounts, root)).toMatchObject({ source: 'pids', id: 8 });
  });

  test('controllers that share a hierarchy', () => {
    const mounts = 'cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0\n';
    expect(chooseHierarchy(hybridControllers, mounts, root)).toEqual({
      source: 'cpu',
      id: 1,
      mountPoint: '/sys/fs/cgroup/cpu,cpuacct',
    });
  });

  test("the host's mounts as a pod sees them, not the pod's own", () => {
    const mounts = hybridMounts + hybridMounts.replaceAll('/sys/fs/cgroup', '/host/sys/fs/cgroup');
    expect(chooseHierarchy(hybridControllers, mounts, '/host/sys/fs/cgroup').mountPoint).toBe(
      '/host/sys/fs/cgroup/memory',
    );
  });

  test('a mount point with a space', () => {
    const mounts = String.raw`cgroup2 /mnt/my\040cgroups cgroup2 rw 0 0`;
    expect(chooseHierarchy(unifiedControllers, mounts, '/mnt/my cgroups').mountPoint).toBe('/mnt/my cgroups');
  });

  test('v2 without controllers if nothing else is there', () => {
    expect(chooseHierarchy('', 'cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0', root)).toMatchObject({
      source: 'unified',
      mountPoint: '/sys/fs/cgroup/unified',
    });
  });

  test('says what is missing', () => {
    expect(() => chooseHierarchy(hybridControllers, hybridMounts, '/elsewhere')).toThrow(/\/elsewhere: mount/);
  });
});
