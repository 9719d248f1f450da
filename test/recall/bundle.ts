/** The OCI runtime specification of a container that runs one program under strace. */

export interface BundleOptions {
  /** The container's root, mounted. */
  readonly root: string;
  /** Path of the control group below the mount points of the hierarchies. */
  readonly cgroup: string;
  readonly args: readonly string[];
  /** Folders or files of the machine that the container sees, by their path in it; only those in `writable` are writable. */
  readonly binds: Readonly<Record<string, string>>;
  readonly writable: readonly string[];
}

/** Those of a container by default, and what strace needs to go on watching a program that has given up its rights. */
const CAPABILITIES =
  `AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP
SETUID SYS_CHROOT SYS_PTRACE`
    .split(/\s+/)
    .map((name) => `CAP_${name}`);

/**
 * Ports that the kernel chooses in the container. Programs under test choose none of them, so that a port says whether it was
 * chosen or asked for.
 */
export const EPHEMERAL = { first: 61_000, last: 65_000 } as const;

const tmpfs = (destination: string, ...options: string[]) => ({
  destination,
  type: 'tmpfs',
  source: 'tmpfs',
  options: ['nosuid', ...options],
});

export function specification({ root, cgroup, args, binds, writable }: BundleOptions): object {
  return {
    ociVersion: '1.0.2',
    root: { path: root },
    hostname: 'recall',
    process: {
      args,
      cwd: '/scratch',
      env: ['PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'LANG=C.UTF-8'],
      user: { uid: 0, gid: 0 },
      capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1024, hard: 4096 }],
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      tmpfs('/dev', 'strictatime', 'mode=755', 'size=65536k'),
      { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['newinstance', 'ptmxmode=0666', 'gid=5'] },
      tmpfs('/dev/shm', 'mode=1777', 'size=65536k'),
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['ro'] },
      { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro'] },
      ...Object.entries(binds).map(([destination, source]) => ({
        destination,
        type: 'bind',
        source,
        options: ['bind', writable.includes(destination) ? 'rw' : 'ro'],
      })),
    ],
    linux: {
      cgroupsPath: cgroup,
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      sysctl: { 'net.ipv4.ip_local_port_range': `${EPHEMERAL.first} ${EPHEMERAL.last}` },
    },
  };
}
