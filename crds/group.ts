/** API group and version of all our kinds; the literal types of the kinds repeat them. */
export const group = 'workloadsecurity.dev';
export const version = 'v1alpha1';
