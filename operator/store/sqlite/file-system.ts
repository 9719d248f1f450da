/**
 * SQLite trusts POSIX locks and fsync. Network file systems answer both before the server has acted, or lose locks when
 * the connection drops: two operators write one file, and the damage shows weeks later. So they are refused at the door.
 * FUSE is let through: it says nothing about what is behind it, and locks are tried at open anyway.
 */
const networkFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x01021997, '9P'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0x7461636f, 'OCFS2'],
  [0x01161970, 'GFS2'],
]);

/** Name of the network file system with this magic number of statfs(2); undefined for every other one. */
export function networkFileSystem(magic: number): string | undefined {
  // statfs has signed words on some platforms: the upper half of the numbers arrives negative.
  return networkFileSystems.get(magic >>> 0);
}
