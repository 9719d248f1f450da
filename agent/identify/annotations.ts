/**
 * What a container's OCI configuration says about it. Runtimes write the pod's names there for their own use; the
 * operator does not rely on them, it asks the API server.
 */
import { z } from 'zod';

export interface RuntimeIdentity {
  /** A sandbox holds the namespaces of a pod (the pause process) and is no workload. */
  readonly kind: 'container' | 'sandbox';
  readonly name: string;
  readonly podUid: string;
  readonly podName: string;
  readonly podNamespace: string;
}

const ociConfig = z.object({
  annotations: z.record(z.string(), z.string()).optional(),
  process: z.object({ args: z.array(z.string()).optional() }).optional(),
});

/** Docker writes no annotations; its sandboxes run the one program of the pause image. */
const pausePrograms: ReadonlySet<string> = new Set(['/pause', '/usr/bin/pod']);

interface Keys {
  readonly type: string;
  readonly name: string;
  readonly podUid: string;
  readonly podName: string;
  readonly podNamespace: string;
}

const containerd: Keys = {
  type: 'io.kubernetes.cri.container-type',
  name: 'io.kubernetes.cri.container-name',
  podUid: 'io.kubernetes.cri.sandbox-uid',
  podName: 'io.kubernetes.cri.sandbox-name',
  podNamespace: 'io.kubernetes.cri.sandbox-namespace',
};

const crio: Keys = {
  type: 'io.kubernetes.cri-o.ContainerType',
  name: 'io.kubernetes.container.name',
  podUid: 'io.kubernetes.pod.uid',
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
};

/**
 * @param text a bundle's config.json
 * @throws Error (SyntaxError, ZodError) if it is none.
 */
export function identityFrom(text: string): RuntimeIdentity {
  const { annotations = {}, process } = ociConfig.parse(JSON.parse(text));
  const keys = [containerd, crio].find(({ type }) => annotations[type] !== undefined);
  const read = (key: keyof Keys): string => (keys === undefined ? '' : (annotations[keys[key]] ?? ''));
  const pause = keys === undefined && pausePrograms.has(process?.args?.[0] ?? '');
  return {
    kind: pause || read('type') === 'sandbox' ? 'sandbox' : 'container',
    // The schema of a snapshot has the same limits, those of Kubernetes.
    name: read('name').slice(0, 253),
    podUid: read('podUid').slice(0, 64),
    podName: read('podName').slice(0, 253),
    podNamespace: read('podNamespace').slice(0, 63),
  };
}
