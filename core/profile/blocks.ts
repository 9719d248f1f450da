/**
 * Wider blocks of addresses outside of the cluster. A service such as a CDN answers from hundreds of /24, and each next one
 * would be new. Of the addresses that one process connects to on one port and protocol:
 *
 * | Once there were                       | it is shown as                                         |
 * |---------------------------------------|--------------------------------------------------------|
 * | 8 different /24 (IPv6: /48) of one /16 (/32) | the /16 (/32), `external 104.16.0.0/16`         |
 * | 32 different /16 (/32)                | the Internet, `external 0.0.0.0/0` (`external ::/0`)   |
 *
 * and as many would be left without any one of the containers: what is known of all containers no single one can widen
 * (close-blocks.ts). Never another port, nor anything that is not public ({@link publicBlock}): private networks, the own
 * host, link-local addresses with the metadata service among them.
 */
import { isSingle } from './container-set.ts';
import type { NetworkEvidence } from './evidence.ts';

export const blockLimits = {
  /** Of 256: a service has addresses all over its provider's network. Somebody who controls a few servers has not. */
  blocks: 8,
  /** As many as shapes.ts asks for: a person reads a list of 30. */
  networks: 32,
} as const;

export interface WiderBlocks {
  /** /16, of IPv6 /32; itself if it is one. */
  readonly network: string;
  readonly internet: string;
}

const external = 'external ';

/** What may stand for an external block, as texts of peers (peer.ts). Undefined where none ever does. */
export function widerBlocks(peer: string): WiderBlocks | undefined {
  if (!peer.startsWith(external)) return undefined;
  const block = peer.slice(external.length);
  if (block === '0.0.0.0/0' || block === '::/0') return { network: peer, internet: peer };
  const network = publicBlock(block);
  if (network === undefined) return undefined;
  return { network: external + network, internet: external + (network.includes(':') ? '::/0' : '0.0.0.0/0') };
}

/** The peer is public addresses of any network. */
export function isInternet(peer: string): boolean {
  return peer !== '' && peer === widerBlocks(peer)?.internet;
}

/** The peer is a block that stands for many. */
export function isWiderBlock(peer: string): boolean {
  const wider = widerBlocks(peer);
  return wider !== undefined && (peer === wider.network || peer === wider.internet);
}

/**
 * A block that one container alone made so wide: it stands for that container's addresses, and says nothing of what others
 * talk to. Which those were is not known any more.
 */
export function isOfOneContainer({ peer, containers }: Pick<NetworkEvidence, 'peer' | 'containers'>): boolean {
  return isSingle(containers) && isWiderBlock(peer);
}

/** `wide` is the peer, or a block that it lies in. */
export function blockCovers(wide: string, peer: string): boolean {
  if (wide === peer) return true;
  const wider = widerBlocks(peer);
  return wider !== undefined && (wide === wider.network || wide === wider.internet);
}

const ipv4 = /^(\d{1,3})\.(\d{1,3})\.\d{1,3}\.0\/(?:24|16)$/;
/** 2000::/3, all that is routed. */
const ipv6 = /^([23][0-9a-f]{3}):([0-9a-f]{0,4}):(?:[0-9a-f:]*)\/(?:48|32)$/;

/**
 * Private, own, link-local, shared, reserved, multicast and for measurements, which proxies and meshes use for names of their
 * own (RFC 6890); and 168.63.129.16, by which a cloud talks to its machines.
 */
const notPublic = new RegExp(
  `^(?:${[
    '0|10|127|22[4-9]|2[3-5]\\d',
    '100\\.(?:6[4-9]|[7-9]\\d|1[01]\\d|12[0-7])',
    '169\\.254|172\\.(?:1[6-9]|2\\d|3[01])|192\\.168|192\\.0\\.0|198\\.1[89]|168\\.63\\.129',
  ].join('|')})\\.`,
);

/** The /16 or /32 around a block that is public. */
function publicBlock(block: string): string | undefined {
  const [, first, second] = ipv4.exec(block) ?? [];
  if (first !== undefined && second !== undefined) {
    return notPublic.test(block) ? undefined : `${first}.${second}.0.0/16`;
  }
  const [, high, low] = ipv6.exec(block) ?? [];
  if (high === undefined || low === undefined) return undefined;
  return low === '' || low === '0' ? `${high}::/32` : `${high}:${low}::/32`;
}
