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
import type { EndpointSliceProjection, NodeProjection, Protocol, ServiceProjection } from './service.ts';

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
  readonly namespace: string;
  readonly peer: Peer;
}

export interface PeerDirectoryOptions {
  /** Ranges of the cluster's own addresses, as CIDR, besides what nodes and the API server's own Service show. */
  readonly clusterRanges: readonly string[];
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
}

const addressKinds = ['clusterAddresses', 'externalAddresses'] as const;

export class PeerDirectory {
  readonly #options: PeerDirectoryOptions;
  readonly #services = new History<ServiceOwner>();
  readonly #serviceAddresses = {
    clusterAddresses: new History<ServiceOwner>(),
    externalAddresses: new History<ServiceOwner>(),
  };
  readonly #endpoints = new History<EndpointOwner>();
  readonly #pods = new History<PodOwner>();
  readonly #nodes = new History<{ readonly id: string }>();
  readonly #podRanges = new Map<string, readonly string[]>();
  #serviceRanges: readonly string[] = [];
  #leftOut = 0;

  constructor(options: PeerDirectoryOptions) {
    this.#options = options;
  }

  /** Addresses that were forgotten early or never kept; they resolve as if they were nobody's. */
  get forgotten(): number {
    return [
      this.#services,
      ...addressKinds.map((kind) => this.#serviceAddresses[kind]),
      this.#endpoints,
      this.#pods,
      this.#nodes,
    ].reduce((sum, history) => sum + history.forgotten, this.#leftOut);
  }

  setPod(pod: PodProjection, old: PodProjection | undefined): void {
    const { kind, name } = pod.workload;
    const owner: PodOwner = {
      id: pod.uid,
      namespace: pod.namespace,
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
    const now = this.#options.clock.now();
    // What a Service is given later was not its own before.
    const since = old?.createdAt === service.createdAt ? now : service.createdAt;
    for (const kind of addressKinds) {
      for (const address of service[kind]) this.#serviceAddresses[kind].begin(address, owner, since);
      for (const address of old?.[kind] ?? []) {
        if (!service[kind].includes(address)) this.#serviceAddresses[kind].end(address, owner.id, now);
      }
    }
    this.#leftOut += Math.max(0, service.leftOut - (old?.leftOut ?? 0));
    if (owner.id === apiServerService) this.#serviceRanges = service.clusterAddresses.flatMap(rangeAround);
  }

  deleteService(service: ServiceProjection): void {
    const id = serviceKey(service);
    const now = this.#options.clock.now();
    this.#services.end(id, id, now);
    for (const kind of addressKinds) {
      for (const address of service[kind]) this.#serviceAddresses[kind].end(address, id, now);
    }
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
   * Own host, address of a Service, endpoint of a Service, DNS on a link-local address (node-local caches), node, pod; then
   * what Services claim besides; then nobody's within the cluster's ranges (`unknown`), and the world outside. Nobody but
   * the API server gives the first ones away, so no tenant takes the name of what another one has.
   */
  resolve(question: PeerQuestion): ResolvedPeer {
    const address = parseAddress(question.address);
    const { port } = question;
    if (address === undefined) return { peer: { kind: 'unknown' }, port };
    if (isOwnHost(address)) return { peer: { kind: 'self' }, port };
    const text = address.toString();
    const [pod] = this.#pods.at(text, question.at);
    if (pod !== undefined && pod.id === question.podUid) return { peer: { kind: 'self' }, port };
    const named = this.#service(text, question) ?? this.#endpoint(pod ?? { id: text }, question);
    return named ?? { peer: this.#other(address, question, pod), port };
  }

  /** Whatever the port: the address is this Service's alone. */
  #service(address: string, { at, port, protocol }: PeerQuestion): ResolvedPeer | undefined {
    const [owner] = this.#serviceAddresses.clusterAddresses.at(address, at);
    if (owner === undefined) return undefined;
    return { peer: servicePeer(owner.service, offers(owner.service, port, protocol) ? port : undefined), port };
  }

  /** Of a pod only those of its own namespace: a selector reaches no further. */
  #endpoint(target: PodOwner | { readonly id: string }, question: PeerQuestion): ResolvedPeer | undefined {
    const { at, port, protocol } = question;
    const namespace = 'namespace' in target ? `${target.namespace}/` : '';
    const endpoints = this.#endpoints.at(endpointKey(target.id, port, protocol), at);
    const found = endpoints.flatMap((endpoint) => {
      if (!endpoint.service.startsWith(namespace)) return [];
      const [owner] = this.#services.at(endpoint.service, at);
      const named = owner?.service.ports.find(
        ({ name, ...own }) => name === endpoint.portName && own.protocol === protocol,
      );
      return owner === undefined || named === undefined ? [] : [{ ...owner, port: named.port }];
    });
    const [best] = found.sort(
      (left, right) =>
        Number(right.id === apiServerService) - Number(left.id === apiServerService) ||
        Number(left.service.headless) - Number(right.service.headless) ||
        byId(left, right) ||
        left.port - right.port,
    );
    return best && { peer: servicePeer(best.service, best.port), port: best.port };
  }

  #other(address: Address, question: PeerQuestion, pod: PodOwner | undefined): Peer {
    const { at, port } = question;
    if (port === 53 && isLinkLocal(address)) return { kind: 'dns' };
    if (this.#nodes.at(address.toString(), at).length > 0) return { kind: 'node' };
    if (pod !== undefined) return pod.peer;
    const claiming = this.#claiming(address.toString(), question);
    if (claiming !== undefined) return servicePeer(claiming, port);
    const own = [...this.#options.clusterRanges, ...this.#serviceRanges, ...[...this.#podRanges.values()].flat()];
    return isWithin(address, own) ? { kind: 'unknown' } : { kind: 'external', block: externalBlock(address) };
  }

  /**
   * To an external address the nodes redirect what goes to a port of the Service, and nothing else. Which one, if several
   * claim the same, is theirs to choose; here it is the oldest, so that who comes later takes no name.
   */
  #claiming(address: string, { at, port, protocol }: PeerQuestion): ServiceProjection | undefined {
    const [owner] = this.#serviceAddresses.externalAddresses
      .at(address, at)
      .filter(({ service }) => offers(service, port, protocol))
      .sort((left, right) => left.service.createdAt - right.service.createdAt || byId(left, right));
    return owner?.service;
  }
}

const apiServerService = 'default/kubernetes';

function serviceKey({ namespace, name }: Pick<ServiceProjection, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}

function offers(service: ServiceProjection, port: number, protocol: Protocol): boolean {
  return service.ports.some((one) => one.port === port && one.protocol === protocol);
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
