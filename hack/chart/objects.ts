/** The parts of rendered objects that the chart's tests look at, read once. */
import { z } from 'zod';

const strings = z.array(z.string());

const container = z.object({
  name: z.string(),
  image: z.string(),
  resources: z.object({
    requests: z.object({ cpu: z.string(), memory: z.string() }),
    limits: z.object({ cpu: z.string(), memory: z.string() }),
  }),
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
  securityContext: z.looseObject({}),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string(), readOnly: z.boolean().default(false) })),
});

export const podSpec = z.looseObject({
  serviceAccountName: z.string().optional(),
  automountServiceAccountToken: z.boolean(),
  hostNetwork: z.boolean().default(false),
  hostPID: z.boolean().default(false),
  securityContext: z.looseObject({}),
  containers: z.array(container).min(1),
  initContainers: z.array(container).default([]),
  volumes: z.array(z.looseObject({ name: z.string() })),
});

const metadata = z.object({
  name: z.string(),
  namespace: z.string().optional(),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()).default({}),
});

const rule = z.object({
  apiGroups: strings.default([]),
  resources: strings.default([]),
  resourceNames: strings.default([]),
  nonResourceURLs: strings.default([]),
  verbs: strings,
});

const head = z.object({ kind: z.string(), metadata });
const workload = head.extend({
  spec: z.object({ template: z.object({ metadata: z.looseObject({}), spec: podSpec }) }),
});
const pod = head.extend({ spec: podSpec });
const role = head.extend({ rules: z.array(rule) });
const binding = head.extend({
  roleRef: z.object({ name: z.string() }),
  subjects: z.array(z.object({ name: z.string() })),
});

export interface ChartObjects {
  readonly all: readonly z.output<typeof head>[];
  /** Every pod of the chart by the kind and name of what makes it. */
  readonly pods: ReadonlyMap<string, z.output<typeof podSpec>>;
  readonly roles: readonly z.output<typeof role>[];
  readonly bindings: readonly z.output<typeof binding>[];
}

/** @throws ZodError if an object lacks what every object of its kind must have, such as a container's limits */
export function readObjects(documents: readonly unknown[]): ChartObjects {
  const all = documents.map((document) => ({ document, ...head.parse(document) }));
  const ofKind = (...kinds: string[]): unknown[] =>
    all.filter(({ kind }) => kinds.includes(kind)).map(({ document }) => document);
  const workloads = ofKind('StatefulSet', 'DaemonSet', 'Deployment', 'Job').map((document) => workload.parse(document));
  const barePods = ofKind('Pod').map((document) => pod.parse(document));
  return {
    all,
    pods: new Map([
      ...workloads.map((each) => [`${each.kind}/${each.metadata.name}`, each.spec.template.spec] as const),
      ...barePods.map((each) => [`Pod/${each.metadata.name}`, each.spec] as const),
    ]),
    roles: ofKind('Role', 'ClusterRole').map((document) => role.parse(document)),
    bindings: ofKind('RoleBinding', 'ClusterRoleBinding').map((document) => binding.parse(document)),
  };
}
