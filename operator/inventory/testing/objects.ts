/** Objects in the shape in which an API server of Kubernetes 1.36 serves them, with what does not matter here as well. */

/** 2026-01-01T00:00:00Z */
export const epoch = 1_767_225_600_000;

export function at(seconds: number): string {
  return new Date(epoch + seconds * 1_000).toISOString().replace('.000Z', 'Z');
}

export function idOf(number: number): string {
  return number.toString(16).padStart(64, '0');
}

const digest = `sha256:${'d'.repeat(64)}`;

/** State of a container that runs under this ID. */
export function running(name: string, id: string, startedAt = at(2)): Record<string, unknown> {
  return {
    allocatedResources: { cpu: '50m', memory: '64Mi' },
    containerID: `containerd://${id}`,
    // The runtime's own name for the image ID: of two tags of one image it shows one, whichever the pod asked for.
    image: 'docker.io/library/nginx:1.27',
    imageID: `docker.io/library/nginx@${digest}`,
    lastState: {},
    name,
    ready: true,
    resources: { requests: { cpu: '50m', memory: '64Mi' } },
    restartCount: 0,
    started: true,
    state: { running: { startedAt } },
  };
}

export function terminated(id: string, startedAt: string, finishedAt: string): Record<string, unknown> {
  return { terminated: { containerID: `containerd://${id}`, exitCode: 0, finishedAt, reason: 'Completed', startedAt } };
}

export interface PodChanges {
  readonly uid?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly owner?: { readonly kind: string; readonly name: string } | undefined;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
  readonly ip?: string;
}

/** A pod of Deployment shop/web with one container, as a kubelet reports it. */
export function rawPod(changes: PodChanges = {}): Record<string, unknown> {
  const owner = 'owner' in changes ? changes.owner : { kind: 'ReplicaSet', name: 'web-6d4cf56db6' };
  const ip = changes.ip ?? '10.244.0.9';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...(changes.annotations && { annotations: changes.annotations }),
      creationTimestamp: at(0),
      generateName: 'web-6d4cf56db6-',
      generation: 1,
      labels: { app: 'web', 'pod-template-hash': '6d4cf56db6', ...changes.labels },
      managedFields: [{ apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:metadata': {} }, manager: 'kubelet' }],
      name: changes.name ?? 'web-6d4cf56db6-x7k2p',
      namespace: changes.namespace ?? 'shop',
      ...(owner && {
        ownerReferences: [
          { apiVersion: 'apps/v1', blockOwnerDeletion: true, controller: true, uid: 'f3f2fbd6-6d09-4bb3', ...owner },
        ],
      }),
      resourceVersion: '1047',
      uid: changes.uid ?? '0a7d9c3e-5a0f-4a41-9f0e-3d5d7a3a9b11',
    },
    spec: {
      containers: [{ image: 'nginx:1.27', imagePullPolicy: 'IfNotPresent', name: 'web', resources: {} }],
      dnsPolicy: 'ClusterFirst',
      nodeName: 'node-1',
      restartPolicy: 'Always',
      serviceAccountName: 'default',
      tolerations: [{ effect: 'NoExecute', key: 'node.kubernetes.io/not-ready', operator: 'Exists' }],
      volumes: [{ name: 'kube-api-access-abcde', projected: { defaultMode: 420, sources: [] } }],
      ...changes.spec,
    },
    status: {
      conditions: [{ lastTransitionTime: at(3), status: 'True', type: 'Ready' }],
      containerStatuses: [running('web', idOf(1))],
      hostIP: '192.168.1.11',
      phase: 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      qosClass: 'Burstable',
      startTime: at(1),
      ...changes.status,
    },
  };
}

export interface ServiceChanges {
  readonly namespace?: string;
  readonly name?: string;
  readonly clusterIP?: string;
  readonly externalIPs?: readonly string[];
  /** Of the load balancer. */
  readonly balancerIP?: string;
  /** Seconds since the {@link epoch}. */
  readonly createdAt?: number;
  readonly ports?: readonly Readonly<Record<string, unknown>>[];
  readonly labels?: Readonly<Record<string, string>>;
}

export function rawService(changes: ServiceChanges = {}): Record<string, unknown> {
  const clusterIP = changes.clusterIP ?? '10.96.0.7';
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      creationTimestamp: at(changes.createdAt ?? 0),
      ...(changes.labels && { labels: changes.labels }),
      name: changes.name ?? 'redis',
      namespace: changes.namespace ?? 'shop',
      resourceVersion: '988',
      uid: '5d2b3f1e-1c57-4d0e',
    },
    spec: {
      clusterIP,
      clusterIPs: [clusterIP],
      ...(changes.externalIPs && { externalIPs: changes.externalIPs }),
      internalTrafficPolicy: 'Cluster',
      ipFamilies: ['IPv4'],
      ports: changes.ports ?? [{ name: 'redis', port: 6379, protocol: 'TCP', targetPort: 16_379 }],
      sessionAffinity: 'None',
      type: 'ClusterIP',
    },
    status: { loadBalancer: changes.balancerIP === undefined ? {} : { ingress: [{ ip: changes.balancerIP }] } },
  };
}

export interface SliceChanges {
  readonly namespace?: string;
  readonly service?: string;
  readonly address?: string;
  readonly podUid?: string;
  readonly ports?: readonly Readonly<Record<string, unknown>>[];
}

export function rawSlice(changes: SliceChanges = {}): Record<string, unknown> {
  const service = changes.service ?? 'redis';
  return {
    addressType: 'IPv4',
    apiVersion: 'discovery.k8s.io/v1',
    endpoints: [
      {
        addresses: [changes.address ?? '10.244.0.20'],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: 'node-1',
        ...(changes.podUid && {
          targetRef: { kind: 'Pod', name: 'redis-0', namespace: 'shop', uid: changes.podUid },
        }),
      },
    ],
    kind: 'EndpointSlice',
    metadata: {
      creationTimestamp: at(0),
      labels: {
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        'kubernetes.io/service-name': service,
      },
      name: `${service}-abcde`,
      namespace: changes.namespace ?? 'shop',
    },
    ports: changes.ports ?? [{ name: 'redis', port: 16_379, protocol: 'TCP' }],
  };
}

export function rawNode(): Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { creationTimestamp: at(0), labels: { 'kubernetes.io/hostname': 'node-1' }, name: 'node-1', uid: 'n1' },
    spec: { podCIDR: '10.244.0.0/24', podCIDRs: ['10.244.0.0/24'] },
    status: {
      addresses: [
        { address: '192.168.1.11', type: 'InternalIP' },
        { address: 'node-1', type: 'Hostname' },
      ],
      nodeInfo: { kernelVersion: '6.1.0', containerRuntimeVersion: 'containerd://2.1.0' },
    },
  };
}
