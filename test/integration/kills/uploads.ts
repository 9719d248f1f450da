/** Uploads that are told by their number alone, so that processes that know nothing of each other make the same ones. */
import { zstdCompressSync } from 'node:zlib';
import type { Snapshot } from '../../../core/activity/snapshot.ts';
import type { Image } from '../../../core/image.ts';
import { containerNumber, epoch, minute, seenAt, snapshotOf } from '../../../core/profile/testing.ts';
import type { ContainerRecord, Inventory } from '../../../operator/inventory/inventory.ts';

export const images: readonly Image[] = ['web', 'api', 'job'].map((name) => ({
  name: `example.com/${name}`,
  tag: '1',
}));
const containers = 12;

/** The n-th: a period of ten minutes of one of twelve containers, which showed some files and peers that others show too. */
export function uploadOf(n: number): Snapshot {
  const from = epoch + Math.floor(n / containers) * 10 * minute;
  const seen = { ...seenAt(), first: from, last: from + n };
  const process = { ...seen, parent: -1, executable: `/bin/program-${n % 5}`, maxInstances: 1 + (n % 3) };
  const files = [n % 7, n % 11].map((file) => ({
    ...seen,
    process: 0,
    path: `/data/${file}`,
    access: ['read' as const],
  }));
  const peer = { ...seen, process: 0, direction: 'connect' as const, protocol: 'tcp' as const, port: 443 };
  const network = [{ ...peer, address: `203.0.113.${n % 20}` }];
  return snapshotOf(n % containers, { from, to: from + 10 * minute, processes: [process], files, network });
}

export const bytesOf = (snapshot: Snapshot): Uint8Array => zstdCompressSync(JSON.stringify(snapshot));

export const imageOf = (n: number): Image => {
  const image = images[(n % containers) % images.length];
  if (image === undefined) throw new RangeError(`upload ${n} has no image`);
  return image;
};

export const inventory: Pick<Inventory, 'container' | 'resolve'> = {
  container: (id): ContainerRecord => {
    const number = Number.parseInt(id, 16);
    return {
      id: containerNumber(number),
      name: 'main',
      kind: 'container',
      image: imageOf(number),
      pod: { uid: `uid-${number}`, namespace: 'shop', name: `pod-${number}` },
      workload: { kind: 'Deployment', name: 'shop' },
      node: 'node-1',
      startedAt: epoch,
    };
  },
  resolve: ({ address, port }) => ({ peer: { kind: 'external', block: `${address}/32` }, port }),
};
