/** Our own kinds, for operator/kube. */
import { group, version } from '../../crds/group.ts';
import type { Resource } from '../kube/resource.ts';

export const securityProfiles: Resource = {
  group,
  version,
  plural: 'securityprofiles',
  kind: 'SecurityProfile',
  namespaced: false,
};

export const workloadSecurityConfigs: Resource = {
  group,
  version,
  plural: 'workloadsecurityconfigs',
  kind: 'WorkloadSecurityConfig',
  namespaced: false,
};
