/**
 * Whose address was whose, from what the API server shows of Services, EndpointSlices, Pods and Nodes. An address is asked
 * about up to a day later, so everything is kept with its time (history.ts).
 */
import type { Clock } from '../clock.ts';
import type { Peer } from '../../core/profile/peer.ts';
import { blockOf, externalBlock, isLinkLocal, isOwnHost, isWithin, parseAddress } from './address.ts';
import { History } from './history.ts';
import type { PeerQuestion, ResolvedPeer } from './inventory.ts';
import type { PodProjection } from './pod.ts';
import type { EndpointSliceProjection, NodeProjection, ServiceProjection } from './service.ts';

type Address = NonNullable<ReturnType<typeof parseAddress>>;

interface ServiceOwner {
  /** `namespace/name` */
  readonly id: string;
  readonly service: ServiceProjection;
}

interface EndpointOwner {
  /** Slice and name of the port: slices of one service overlap while they are rearranged. */
  readonly id: string;
  readonly service: string;
  readonly portName: string;
}

interface PodOwner {
  /** The pod's UID. */
  readonly id: string;
  readonly peer: Peer;
}

export interface PeerDirectoryOptions {
  /** Ranges of the cluster's own addresses, as CIDR, besides what nodes and the API server's own Service show. */
  readonly clusterRanges: readonly string[];
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
}

export class PeerDirectory {
  readonly #options: PeerDirectoryOptions;
  readonly #services = new History<ServiceOwner>();
  readonly #serviceAddresses = new History<ServiceOwner>();
  readonly #endpoints = new History<EndpointOwner>();
  readonly #pods = new History<PodOwner>();
  readonly #nodes = new History<{ readonly id: string }>();
  readonly #podRanges = new Map<string, readonly string[]>();
  #serviceRanges: readonly string[] = [];

  constructor(options: PeerDirectoryOptions) {
    this.#options = options;
  }

  /** Addresses that were forgotten early; they resolve as if they were nobody's. */
  get forgotten(): number {
    return [this.#services, this.#serviceAddresses, this.#endpoints, this.#pods, this.#nodes].reduce(
      (sum, history) => sum + history.forgotten,
      0,
    );
  }

  setPod(pod: PodProjection, old: PodProjection | undefined): void {
    const { kind, name } = pod.workload;
    const owner: PodOwner = {
      id: pod.uid,
      peer: { kind: 'workload', namespace: pod.namespace, workload: kind, name },
    };
    const addresses = pod.finished ? [] : pod.addresses;
    for (const address of addresses) this.#pods.begin(address, owner, pod.since);
    if (old === undefined) return;
    const kept = old.uid === pod.uid ? addresses : [];
    for (const address of old.addresses) {
      if (!kept.includes(address)) this.#pods.end(address, old.uid, this.#options.clock.now());
    }
  }

  deletePod(pod: PodProjection): void {
    for (const address of pod.addresses) this.#pods.end(address, pod.uid, this.#options.clock.now());
  }

  setService(service: ServiceProjection, old: ServiceProjection | undefined): void {
    const owner: ServiceOwner = { id: serviceKey(service), service };
    this.#services.begin(owner.id, owner, service.createdAt);
    for (const address of service.addresses) this.#serviceAddresses.begin(address, owner, service.createdAt);
    for (const address of old?.addresses ?? []) {
      if (!service.addresses.includes(address))
        this.#serviceAddresses.end(address, owner.id, this.#options.clock.now());
    }
    if (owner.id === apiServerService) this.#serviceRanges = service.addresses.flatMap(rangeAround);
  }

  deleteService(service: ServiceProjection): void {
    const id = serviceKey(service);
    this.#services.end(id, id, this.#options.clock.now());
    for (const address of service.addresses) this.#serviceAddresses.end(address, id, this.#options.clock.now());
  }

  setEndpointSlice(key: string, slice: EndpointSliceProjection, old: EndpointSliceProjection | undefined): void {
    const now = this.#options.clock.now();
    const current = endpointsOf(key, slice);
    const kept = new Set(current.map(({ at, owner }) => `${at} ${owner.id}`));
    for (const { at, owner } of old === undefined ? [] : endpointsOf(key, old)) {
      if (!kept.has(`${at} ${owner.id}`)) this.#endpoints.end(at, owner.id, now);
    }
    // A pod keeps its UID for life, and an address that was nobody's before may have been this one's for long.
    for (const { at, owner, ofPod } of current) {
      this.#endpoints.begin(at, owner, ofPod || this.#endpoints.isNew(at) ? 0 : now);
    }
  }

  deleteEndpointSlice(key: string, slice: EndpointSliceProjection): void {
    for (const { at, owner } of endpointsOf(key, slice)) this.#endpoints.end(at, owner.id, this.#options.clock.now());
  }

  setNode(node: NodeProjection, old: NodeProjection | undefined): void {
    for (const address of node.addresses) this.#nodes.begin(address, { id: node.name }, node.createdAt);
    for (const address of old?.addresses ?? []) {
      if (!node.addresses.includes(address)) this.#nodes.end(address, node.name, this.#options.clock.now());
    }
    this.#podRanges.set(node.name, node.podRanges);
  }

  deleteNode(node: NodeProjection): void {
    for (const address of node.addresses) this.#nodes.end(address, node.name, this.#options.clock.now());
    this.#podRanges.delete(node.name);
  }

  /**
   * Own host, Service, endpoint of a Service, DNS on a link-local address (node-local caches), node, pod; then nobody's
   * within the cluster's ranges (`unknown`), and the world outside.
   */
  resolve(question: PeerQuestion): ResolvedPeer {
    const address = parseAddress(question.address);
    const { port } = question;
    if (address === undefined) return { peer: { kind: 'unknown' }, port };
    if (isOwnHost(address)) return { peer: { kind: 'self' }, port };
    const text = address.toString();
    const [pod] = this.#pods.at(text, question.at);
    if (pod !== undefined && pod.id === question.podUid) return { peer: { kind: 'self' }, port };
    return (
      this.#service(text, question) ??
      this.#endpoint(pod?.id ?? text, question) ?? { peer: this.#other(address, question, pod), port }
    );
  }

  #service(address: string, { at, port, protocol }: PeerQuestion): ResolvedPeer | undefined {
    const [owner] = [...this.#serviceAddresses.at(address, at)].sort(byId);
    if (owner === undefined) return undefined;
    const known = owner.service.ports.some((one) => one.port === port && one.protocol === protocol);
    return { peer: servicePeer(owner.service, known ? port : undefined), port };
  }

  #endpoint(target: string, { at, port, protocol }: PeerQuestion): ResolvedPeer | undefined {
    const found = this.#endpoints.at(endpointKey(target, port, protocol), at).flatMap((endpoint) => {
      const [owner] = this.#services.at(endpoint.service, at);
      const named = owner?.service.ports.find(
        ({ name, ...own }) => name === endpoint.portName && own.protocol === protocol,
      );
      return owner === undefined || named === undefined ? [] : [{ ...owner, port: named.port }];
    });
    const [best] = found.sort(
      (left, right) =>
        Number(left.service.headless) - Number(right.service.headless) || byId(left, right) || left.port - right.port,
    );
    return best && { peer: servicePeer(best.service, best.port), port: best.port };
  }

  #other(address: Address, { at, port }: PeerQuestion, pod: PodOwner | undefined): Peer {
    if (port === 53 && isLinkLocal(address)) return { kind: 'dns' };
    if (this.#nodes.at(address.toString(), at).length > 0) return { kind: 'node' };
    if (pod !== undefined) return pod.peer;
    const own = [...this.#options.clusterRanges, ...this.#serviceRanges, ...[...this.#podRanges.values()].flat()];
    return isWithin(address, own) ? { kind: 'unknown' } : { kind: 'external', block: externalBlock(address) };
  }
}

const apiServerService = 'default/kubernetes';

function serviceKey({ namespace, name }: Pick<ServiceProjection, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}

function servicePeer(service: ServiceProjection, port: number | undefined): Peer {
  if (serviceKey(service) === apiServerService) return { kind: 'apiserver' };
  if (service.dns && port === 53) return { kind: 'dns' };
  return { kind: 'service', namespace: service.namespace, name: service.name };
}

/**
 * The API server does not show the range of Service addresses; its own Service has the first of it. A /16 (IPv6: /112)
 * around it lies within the range of most clusters, and outside of it nothing is lost but the word `unknown`.
 */
function rangeAround(text: string): string[] {
  const address = parseAddress(text);
  return address === undefined ? [] : [blockOf(address, address.kind() === 'ipv4' ? 16 : 112)];
}

interface Endpoint {
  readonly at: string;
  readonly owner: EndpointOwner;
  readonly ofPod: boolean;
}

/**
 * Every endpoint under its address and, if it is a pod, under the pod's UID, which no other pod ever has. The address
 * serves those whose address is not their own: pods on the host's network, the API server.
 */
function endpointsOf(key: string, slice: EndpointSliceProjection): Endpoint[] {
  const service = serviceKey({ namespace: slice.namespace, name: slice.service });
  return slice.endpoints.flatMap(({ addresses, podUid }) =>
    slice.ports.flatMap(({ name, port, protocol }) =>
      [...addresses, ...(podUid === undefined ? [] : [podUid])].map((target) => ({
        at: endpointKey(target, port, protocol),
        owner: { id: `${key} ${name}`, service, portName: name },
        ofPod: target === podUid,
      })),
    ),
  );
}

function endpointKey(target: string, port: number, protocol: string): string {
  return `${target} ${protocol} ${port}`;
}

function byId(left: { readonly id: string }, right: { readonly id: string }): number {
  if (left.id === right.id) return 0;
  return left.id < right.id ? -1 : 1;
}
