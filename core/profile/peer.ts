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
