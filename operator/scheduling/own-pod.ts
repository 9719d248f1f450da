import type { ContainerRecord } from '../inventory/inventory.ts';

/** Value of the label `app.kubernetes.io/part-of` that the chart gives to everything it installs. */
const partOf = 'workload-security';

/**
 * A pod of the product itself. The label alone says nothing, since anybody may set it; in the operator's namespace only
 * those may who could change the operator as well.
 */
export function isOwnPod({ pod }: Pick<ContainerRecord, 'pod'>, namespace: string): boolean {
  return pod.namespace === namespace && pod.partOf === partOf;
}
