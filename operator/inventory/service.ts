/** What the operator keeps of Services, EndpointSlices and Nodes: addresses and ports, to name peers by. */
import { z } from 'zod';
import { type Projection, zodProjection } from '../kube/informer.ts';
import { canonicalAddress, firstOf } from './address.ts';

export type Protocol = 'tcp' | 'udp' | 'other';

export interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly protocol: Protocol;
}

export interface ServiceProjection {
  readonly namespace: string;
  readonly name: string;
  /** `clusterIPs`: the API server gives none of them to two Services. None of a headless one. */
  readonly clusterAddresses: readonly string[];
  /** `externalIPs` and those of the load balancer: whoever writes Services may claim any address there is. */
  readonly externalAddresses: readonly string[];
  /** External addresses beyond what is kept. */
  readonly leftOut: number;
  readonly headless: boolean;
  readonly ports: readonly ServicePort[];
  /** The cluster's DNS. */
  readonly dns: boolean;
  readonly createdAt: number;
}

export interface EndpointSliceProjection {
  readonly namespace: string;
  /** Empty if the slice belongs to none. */
  readonly service: string;
  readonly endpoints: readonly { readonly addresses: readonly string[]; readonly podUid?: string }[];
  readonly ports: readonly ServicePort[];
}

export interface NodeProjection {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly podRanges: readonly string[];
  readonly createdAt: number;
}

const time = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .nullish();
const port = z.object({ name: z.string().nullish(), port: z.number().nullish(), protocol: z.string().nullish() });
const texts = z.array(z.string()).nullish();

function portsOf(ports: readonly z.infer<typeof port>[] | null | undefined): ServicePort[] {
  return (ports ?? []).flatMap(({ name, port, protocol }) =>
    port == null ? [] : [{ name: name ?? '', port, protocol: protocolOf(protocol ?? 'TCP') }],
  );
}

function protocolOf(protocol: string): Protocol {
  if (protocol === 'TCP') return 'tcp';
  return protocol === 'UDP' ? 'udp' : 'other';
}

function addressesOf(texts: readonly (string | null | undefined)[]): string[] {
  const addresses = texts.flatMap((text) => canonicalAddress(text ?? '') ?? []);
  return [...new Set(addresses)];
}

const rawService = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    creationTimestamp: time,
    labels: z.record(z.string(), z.string()).nullish(),
  }),
  spec: z.object({
    clusterIP: z.string().nullish(),
    clusterIPs: texts,
    externalIPs: texts,
    ports: z.array(port).nullish(),
  }),
  status: z
    .object({
      loadBalancer: z.object({ ingress: z.array(z.object({ ip: z.string().nullish() })).nullish() }).nullish(),
    })
    .nullish(),
});

/**
 * Of one Service: real ones have a handful, and nothing but the size of the object bounds the claims of others (100,000 in
 * 1.5 MiB). With its text and tenure 300 bytes each, 20 KB for a Service.
 */
const maxExternalAddresses = 64;

/** Where distributions put the cluster's DNS; CoreDNS carries the label of its predecessor for compatibility. */
const dnsServices: ReadonlySet<string> = new Set([
  'kube-system/kube-dns',
  'kube-system/coredns',
  'openshift-dns/dns-default',
]);

export const projectService: (raw: unknown) => Projection<ServiceProjection> = zodProjection(
  rawService.transform(({ metadata, spec, status }) => {
    const balancers = (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip);
    const { namespace, name } = metadata;
    const clusterAddresses = addressesOf([spec.clusterIP, ...(spec.clusterIPs ?? [])]);
    // Nobody redirects anything to a Service without an address of its own, whatever it claims.
    const claimed = clusterAddresses.length === 0 ? [] : addressesOf([...(spec.externalIPs ?? []), ...balancers]);
    const labelled = namespace === 'kube-system' && metadata.labels?.['k8s-app'] === 'kube-dns';
    return {
      namespace,
      name,
      clusterAddresses,
      externalAddresses: claimed.slice(0, maxExternalAddresses),
      leftOut: Math.max(0, claimed.length - maxExternalAddresses),
      headless: spec.clusterIP === 'None',
      ports: portsOf(spec.ports),
      dns: labelled || dnsServices.has(`${namespace}/${name}`),
      createdAt: metadata.creationTimestamp ?? 0,
    };
  }),
);

const rawEndpointSlice = z.object({
  metadata: z.object({ namespace: z.string(), labels: z.record(z.string(), z.string()).nullish() }),
  endpoints: z
    .array(
      z.object({
        addresses: texts,
        targetRef: z.object({ kind: z.string().nullish(), uid: z.string().nullish() }).nullish(),
      }),
    )
    .nullish(),
  ports: z.array(port).nullish(),
});

export const projectEndpointSlice: (raw: unknown) => Projection<EndpointSliceProjection> = zodProjection(
  rawEndpointSlice.transform(({ metadata, endpoints, ports }) => ({
    namespace: metadata.namespace,
    service: metadata.labels?.['kubernetes.io/service-name'] ?? '',
    endpoints: (endpoints ?? []).map(({ addresses, targetRef }) => ({
      addresses: addressesOf(addresses ?? []),
      ...(targetRef?.kind === 'Pod' && targetRef.uid && { podUid: targetRef.uid }),
    })),
    ports: portsOf(ports),
  })),
);

const rawNode = z.object({
  metadata: z.object({ name: z.string(), creationTimestamp: time }),
  spec: z.object({ podCIDR: z.string().nullish(), podCIDRs: texts }).nullish(),
  status: z.object({ addresses: z.array(z.object({ address: z.string() })).nullish() }).nullish(),
});

export const projectNode: (raw: unknown) => Projection<NodeProjection> = zodProjection(
  rawNode.transform(({ metadata, spec, status }) => {
    const podRanges = [...new Set([spec?.podCIDR, ...(spec?.podCIDRs ?? [])])].filter((range) => range != null);
    // Network plugins with a bridge give the node the first address of its range: probes come from there.
    const gateways = podRanges.flatMap((range) => firstOf(range) ?? []);
    return {
      name: metadata.name,
      // Host names stand among them; they are no addresses and fall out.
      addresses: addressesOf([...(status?.addresses ?? []).map(({ address }) => address), ...gateways]),
      podRanges,
      createdAt: metadata.creationTimestamp ?? 0,
    };
  }),
);
