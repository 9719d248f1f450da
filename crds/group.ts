/** API group of all our kinds. */
export const group = 'workloadsecurity.dev';
export const version = 'v1alpha1';
export const apiVersion = `${group}/${version}` as const;

/** Field manager of everything that the operator applies. */
export const fieldManager = 'workload-security-operator';
