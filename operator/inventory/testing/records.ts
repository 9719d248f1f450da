import { containerNumber, epoch } from '../../../core/profile/testing.ts';
import type { ContainerRecord } from '../inventory.ts';

/** Container `number` of an nginx in the namespace `shop`, on node-1, which began at the epoch. */
export function containerRecord(number: number, changes: Partial<ContainerRecord> = {}): ContainerRecord {
  return {
    id: containerNumber(number),
    name: 'web',
    kind: 'container',
    image: { name: 'docker.io/library/nginx', tag: '1.27' },
    pod: { uid: `uid-${number}`, namespace: 'shop', name: `web-${number}` },
    workload: { kind: 'Deployment', name: 'web' },
    node: 'node-1',
    startedAt: epoch,
    ...changes,
  };
}
