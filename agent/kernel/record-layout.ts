/**
 * Offsets of what the C side writes, in bytes. They are those of agent/bpf/records.h and maps.h as the compiler lays them
 * out; `layoutDifferences` compares them with a blob before it is loaded, so they cannot drift apart.
 */

interface StructLayout {
  readonly size: number;
  readonly members: Readonly<Record<string, number>>;
}

export const layouts = {
  record_header: {
    size: 48,
    members: {
      size: 0,
      type: 4,
      purpose: 5,
      time: 8,
      cgroup: 16,
      started_at: 24,
      pid: 32,
      exec_id: 36,
      uid: 40,
      mount_namespace: 44,
    },
  },
  record_path: { size: 8, members: { size: 0, components: 2, flags: 4 } },
  record_exec: {
    size: 80,
    members: {
      inode: 48,
      ppid: 56,
      argv_size: 60,
      filename_size: 62,
      argv_truncated: 64,
      namespace_init: 65,
      path: 72,
      data: 80,
    },
  },
  record_fork: { size: 56, members: { child_pid: 48 } },
  record_exit: { size: 56, members: { status: 48 } },
  record_open: {
    size: 80,
    members: { inode: 48, mode: 56, flags: 60, retval: 64, created: 68, path: 72, data: 80 },
  },
  record_address: { size: 20, members: { family: 0, port: 2, ip: 4 } },
  record_socket: { size: 96, members: { retval: 48, protocol: 52, local: 56, remote: 76 } },
  record_dns: { size: 72, members: { protocol: 48, size: 50, server: 52, data: 72 } },
  record_cgroup: { size: 64, members: { parent: 48, slot: 56, path_size: 60, data: 64 } },
  cgroup_state: {
    size: 64,
    members: { id: 0, sequence: 8, epoch: 12, ring_drops: 16, map_full: 24, truncated: 32, slot: 40 },
  },
  cgroup_entry: { size: 8, members: { slot: 0, sequence: 4 } },
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
} as const;

/** `enum path_flag`. */
export const PathFlag = { truncated: 1, deleted: 2, internal: 4, fromUser: 8 } as const;

/** Structs and enumerators of a blob, from its BTF. */
export interface BlobLayout {
  readonly structs: Readonly<Record<string, StructLayout>>;
  readonly enumerators: Readonly<Record<string, number>>;
}

/** Every point in which a blob disagrees with this file; empty if it can be decoded. */
export function layoutDifferences(blob: BlobLayout, enumerators: Readonly<Record<string, number>>): string[] {
  const differences: string[] = [];
  const compare = (what: string, ours: number, theirs: number | undefined): void => {
    if (ours !== theirs) differences.push(`${what} is ${theirs ?? 'absent'}, expected ${ours}`);
  };
  for (const [name, layout] of Object.entries<StructLayout>(layouts)) {
    compare(`size of ${name}`, layout.size, blob.structs[name]?.size);
    for (const [member, offset] of Object.entries(layout.members)) {
      compare(`offset of ${name}.${member}`, offset, blob.structs[name]?.members[member]);
    }
  }
  for (const [name, value] of Object.entries(enumerators)) compare(name, value, blob.enumerators[name]);
  return differences;
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
