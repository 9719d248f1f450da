/**
 * Whom a container talked to, after its address was resolved at the time of the conversation. Addresses of pods are
 * reused within minutes, so a profile never keeps them.
 */
export type Peer =
  | { readonly kind: 'service'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'workload'; readonly namespace: string; readonly workload: string; readonly name: string }
  | { readonly kind: 'node' }
  | { readonly kind: 'apiserver' }
  | { readonly kind: 'dns' }
  | { readonly kind: 'self' }
  | { readonly kind: 'external'; readonly block: string }
  | { readonly kind: 'unknown' };

/** Stable text of a peer, unique among peers: `service default/redis`, `workload default/Deployment/app`, `node`. */
export function peerText(peer: Peer): string {
  switch (peer.kind) {
    case 'service':
      return `service ${peer.namespace}/${peer.name}`;
    case 'workload':
      return `workload ${peer.namespace}/${peer.workload}/${peer.name}`;
    case 'external':
      return `external ${peer.block}`;
    case 'node':
    case 'apiserver':
    case 'dns':
    case 'self':
    case 'unknown':
      return peer.kind;
  }
}

/**
 * Who connects to us, as coarse as it repeats: which pod or node of many it was says nothing about this image.
 * `cluster` is anything that runs in this cluster.
 */
export type PeerClass = 'cluster' | 'node' | 'self' | 'external' | 'unknown';

export function peerClass(peer: Peer): PeerClass {
  switch (peer.kind) {
    case 'service':
    case 'workload':
    case 'apiserver':
    case 'dns':
      return 'cluster';
    case 'node':
    case 'self':
    case 'external':
    case 'unknown':
      return peer.kind;
  }
}

/** Undoes {@link peerText}; undefined for any other text. */
export function parsePeerText(text: string): Peer | undefined {
  const [, serviceNamespace, service] = /^service ([^/]+)\/([^/]+)$/.exec(text) ?? [];
  if (serviceNamespace !== undefined && service !== undefined) {
    return { kind: 'service', namespace: serviceNamespace, name: service };
  }
  const [, namespace, workload, name] = /^workload ([^/]+)\/([^/]+)\/([^/]+)$/.exec(text) ?? [];
  if (namespace !== undefined && workload !== undefined && name !== undefined) {
    return { kind: 'workload', namespace, workload, name };
  }
  if (text.startsWith('external ')) return { kind: 'external', block: text.slice('external '.length) };
  const kind = plainKinds.find((plain) => plain === text);
  return kind === undefined ? undefined : { kind };
}

const plainKinds = ['node', 'apiserver', 'dns', 'self', 'unknown'] as const;
