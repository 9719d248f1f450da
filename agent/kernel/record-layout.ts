/**
 * Offsets of what the C side writes, in bytes. They are those of records.h, call-records.h and maps.h in agent/bpf as the
 * compiler lays them out; `layoutDifferences` compares them with a blob before it is loaded, so they cannot drift apart. All
 * members are here, in order and without gaps (but for the `header` that records begin with), so the offsets tell how wide
 * each is.
 */

interface StructLayout {
  readonly size: number;
  readonly members: Readonly<Record<string, number>>;
}

export const layouts = {
  record_header: {
    size: 56,
    members: {
      size: 0,
      type: 4,
      purpose: 5,
      urgent: 6,
      time: 8,
      cgroup: 16,
      started_at: 24,
      pid: 32,
      tid: 36,
      exec_id: 40,
      uid: 44,
      mount_namespace: 48,
      approver: 52,
    },
  },
  record_path: { size: 8, members: { size: 0, components: 2, flags: 4, reserved: 6 } },
  record_file: {
    size: 72,
    members: {
      inode: 0,
      modified_at: 8,
      changed_at: 16,
      device: 24,
      mode: 28,
      uid: 32,
      gid: 36,
      mount_id: 40,
      upper_layer: 44,
      reserved: 45,
      filesystem: 48,
      path: 64,
    },
  },
  record_credentials: {
    size: 48,
    members: {
      uid: 0,
      gid: 4,
      euid: 8,
      egid: 12,
      fsuid: 16,
      fsgid: 20,
      login_uid: 24,
      reserved: 28,
      cap_effective: 32,
      cap_permitted: 40,
    },
  },
  record_exec: {
    size: 216,
    members: {
      credentials: 56,
      file: 104,
      cwd: 176,
      ppid: 184,
      argv_size: 188,
      filename_size: 190,
      environment_size: 192,
      argv_truncated: 194,
      environment_truncated: 195,
      namespace_init: 196,
      filename_truncated: 197,
      reserved: 198,
      tty: 200,
      data: 216,
    },
  },
  record_fork: { size: 72, members: { child_pid: 56, reserved: 60, flags: 64 } },
  record_exit: { size: 64, members: { status: 56, reserved: 60 } },
  record_user_path: { size: 8, members: { size: 0, truncated: 2, follows: 3, reserved: 4 } },
  record_open: {
    size: 160,
    members: { flags: 56, retval: 60, mode: 64, created: 68, reserved: 69, name: 72, root: 80, file: 88, data: 160 },
  },
  record_path_change: {
    size: 192,
    members: {
      retval: 56,
      flags: 60,
      mode: 64,
      umask: 68,
      uid: 72,
      gid: 76,
      directory: 80,
      reserved: 84,
      name: 88,
      second_name: 96,
      root: 104,
      file: 112,
      second_path: 184,
      data: 192,
    },
  },
  record_address: { size: 20, members: { family: 0, port: 2, ip: 4 } },
  record_socket: { size: 104, members: { retval: 56, protocol: 60, reserved: 62, local: 64, remote: 84 } },
  record_socket_made: { size: 72, members: { retval: 56, domain: 60, kind: 64, protocol: 68 } },
  record_socket_option: {
    size: 80,
    members: { retval: 56, level: 60, option: 64, family: 68, kind: 70, protocol: 72, filter_length: 74, reserved: 76 },
  },
  record_capability: { size: 72, members: { capability: 56, user_namespace: 60, granted: 64, reserved: 65 } },
  record_unix: { size: 136, members: { file: 56, retval: 128, abstract: 132, reserved: 133, data: 136 } },
  record_dns: {
    size: 88,
    members: { protocol: 56, size: 58, whole_size: 60, reserved: 62, server: 64, reserved_too: 84, data: 88 },
  },
  record_cgroup: { size: 72, members: { parent: 56, slot: 64, path_size: 68, reserved: 70, data: 72 } },
  record_call_facts: {
    size: 80,
    members: { retval: 0, arguments: 8, details: 56, number: 72, kind: 76, truncated: 77, text_size: 78 },
  },
  record_target: { size: 16, members: { started_at: 0, pid: 8, exec_id: 12 } },
  record_call: { size: 152, members: { call: 56, target: 136, data: 152 } },
  record_file_call: { size: 208, members: { call: 56, file: 136, data: 208 } },
  record_credentials_call: { size: 184, members: { call: 56, credentials: 136 } },
  record_bpf: {
    size: 176,
    members: { call: 56, type: 136, attach_type: 140, tag: 144, name: 152, object: 168, reserved: 169 },
  },
  cgroup_state: {
    size: 72,
    members: {
      id: 0,
      sequence: 8,
      epoch: 12,
      ring_drops: 16,
      map_full: 24,
      truncated: 32,
      slot: 40,
      nested: 44,
      blind_spots: 48,
      maker_mounts: 52,
      capabilities: 56,
      entered: 64,
      reserved: 68,
    },
  },
  syscall_set: { size: 512, members: { made: 0 } },
  cgroup_entry: { size: 8, members: { slot: 0, sequence: 4 } },
  approver: {
    size: 48,
    members: { interval: 0, tolerance: 8, due: 16, passed: 24, limited: 32, flags: 40, urgent: 44 },
  },
  approver_key: { size: 16, members: { hash: 0, set: 8, type: 12, how: 14 } },
  counters: { size: 40, members: { emitted: 0, ring_drops: 8, map_full: 16, truncated: 24, user_faults: 32 } },
} as const satisfies Record<string, StructLayout>;

/** `enum record_type`. */
export const RecordType = {
  exec: 1,
  fork: 2,
  exit: 3,
  open: 4,
  connect: 5,
  bind: 6,
  listen: 7,
  accept: 8,
  dnsQuery: 9,
  dnsResponse: 10,
  cgroupMkdir: 11,
  cgroupRmdir: 12,
  send: 13,
  socket: 14,
  setsockopt: 15,
  unixConnect: 16,
  unixBind: 17,
  capability: 18,
  unlink: 20,
  rmdir: 21,
  rename: 22,
  mkdir: 23,
  chmod: 24,
  chown: 25,
  link: 26,
  symlink: 27,
  mknod: 28,
  utimes: 29,
  setxattr: 30,
  removexattr: 31,
  truncate: 32,
  chdir: 33,
  chroot: 34,
  mount: 40,
  umount: 41,
  pivotRoot: 42,
  unshare: 43,
  setns: 44,
  ptrace: 45,
  processVm: 46,
  signal: 47,
  prctl: 48,
  memfdCreate: 49,
  mmap: 50,
  mprotect: 51,
  splice: 52,
  bpf: 53,
  perfEventOpen: 54,
  loadModule: 55,
  unloadModule: 56,
  setuid: 57,
  setgid: 58,
  capset: 59,
  setrlimit: 60,
  cgroupWrite: 61,
  sysctl: 62,
  systemCall: 63,
  compatCall: 64,
} as const;

/** `enum path_flag`. */
export const PathFlag = { truncated: 1, deleted: 2, internal: 4, fromUser: 8, beginning: 16 } as const;

/** `enum bpf_object`. */
export const BpfObject = { none: 0, map: 1, program: 2 } as const;

/** `enum blind_spot` of agent/bpf/maps.h. */
export const BlindSpotBit = { ioUring: 1, compat: 2, leftCgroup: 4 } as const;

/** Structs and enumerators of a blob, from its BTF. */
export interface BlobLayout {
  readonly structs: Readonly<Record<string, StructLayout>>;
  readonly enumerators: Readonly<Record<string, number>>;
}

/** Every point in which a blob disagrees with this file; empty if it can be decoded. */
export function layoutDifferences(blob: BlobLayout, enumerators: Readonly<Record<string, number>>): string[] {
  const ours: Readonly<Record<string, StructLayout>> = layouts;
  const structs = union(ours, blob.structs).flatMap((name) => structDifferences(name, ours[name], blob.structs[name]));
  const values = union(enumerators, blob.enumerators).flatMap((name) =>
    difference(name, enumerators[name], blob.enumerators[name]),
  );
  return [...structs, ...values];
}

function structDifferences(name: string, ours?: StructLayout, theirs?: StructLayout): string[] {
  const expected: StructLayout['members'] = { ...(theirs?.members['header'] === 0 && { header: 0 }), ...ours?.members };
  const found = theirs?.members ?? {};
  return [
    ...difference(`size of ${name}`, ours?.size, theirs?.size),
    ...union(expected, found).flatMap((member) =>
      difference(`offset of ${name}.${member}`, expected[member], found[member]),
    ),
  ];
}

function difference(what: string, ours: number | undefined, theirs: number | undefined): string[] {
  return ours === theirs ? [] : [`${what} is ${theirs ?? 'absent'}, expected ${ours ?? 'none'}`];
}

function union(ours: object, theirs: object): string[] {
  return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])];
}

/** `camelCase` names with a prefix, as C writes them: `dnsQuery` -> `RECORD_DNS_QUERY`. */
export function enumeratorNames(prefix: string, values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `${prefix}_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`,
      value,
    ]),
  );
}
