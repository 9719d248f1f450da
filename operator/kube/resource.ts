/** Resources of the API server and their paths. */

export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** `namespace` is absent for cluster-scoped objects. */
export interface ObjectName {
  readonly namespace?: string;
  readonly name: string;
}

const core = (plural: string, kind: string, namespaced = true): Resource => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
});

export const pods = core('pods', 'Pod');
export const nodes = core('nodes', 'Node', false);
export const namespaces = core('namespaces', 'Namespace', false);
export const services = core('services', 'Service');
export const secrets = core('secrets', 'Secret');
export const configMaps = core('configmaps', 'ConfigMap');
export const endpointSlices: Resource = {
  group: 'discovery.k8s.io',
  version: 'v1',
  plural: 'endpointslices',
  kind: 'EndpointSlice',
  namespaced: true,
};
export const leases: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};
export const events: Resource = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};

export function apiVersion(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** Path of all objects, in one namespace or in all. */
export function collectionPath(resource: Resource, namespace?: string): string {
  const root = resource.group === '' ? '/api' : '/apis';
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}/${apiVersion(resource)}${scope}/${resource.plural}`;
}

/** Path of one object. */
export function objectPath(resource: Resource, object: ObjectName, subresource?: 'status' | 'token'): string {
  if (resource.namespaced !== (object.namespace !== undefined)) {
    throw new Error(`${resource.kind} ${object.name}: ${resource.namespaced ? 'needs a' : 'has no'} namespace`);
  }
  const path = `${collectionPath(resource, object.namespace)}/${encodeURIComponent(object.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

/** Key of an object in queues and caches: `namespace/name`, or the name alone. */
export function keyOf(object: ObjectName): string {
  return object.namespace === undefined ? object.name : `${object.namespace}/${object.name}`;
}
