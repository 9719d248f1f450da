/** Addresses: one text for each, and the block of one that belongs to nobody in the cluster. */
import ipaddr from 'ipaddr.js';

type Parsed = ReturnType<typeof ipaddr.process>;

/** One text per address: IPv6 shortened, IPv4-mapped as IPv4. Undefined if it is none. */
export function canonicalAddress(text: string): string | undefined {
  return parseAddress(text)?.toString();
}

export function parseAddress(text: string): Parsed | undefined {
  return ipaddr.isValid(text) ? ipaddr.process(text) : undefined;
}

/** Loopback, and the unspecified address, which connects to loopback. */
export function isOwnHost(address: Parsed): boolean {
  return ['loopback', 'unspecified'].includes(address.range());
}

export function isLinkLocal(address: Parsed): boolean {
  return address.range() === 'linkLocal';
}

/**
 * What stands for an address outside the cluster: /24 or /48, the smallest that are routed in the Internet. Servers behind
 * a name move within such a block, and a profile shall not change with them. Link-local addresses stand for themselves:
 * there the cloud's metadata service lives beside other things.
 */
export function externalBlock(address: Parsed): string {
  const bits = address.kind() === 'ipv4' ? 32 : 128;
  if (isLinkLocal(address)) return `${address.toString()}/${bits}`;
  return blockOf(address, bits === 32 ? 24 : 48);
}

export function blockOf(address: Parsed, length: number): string {
  const bytes = address.toByteArray().map((byte, index) => {
    const kept = Math.min(8, Math.max(0, length - index * 8));
    return byte & (0xff00 >> kept) & 0xff;
  });
  return `${ipaddr.fromByteArray(bytes).toString()}/${length}`;
}

/** The address after the range's own: 10.244.0.1 of 10.244.0.0/24. Undefined for what is no range. */
export function firstOf(range: string): string | undefined {
  if (!ipaddr.isValidCIDR(range)) return undefined;
  const [address, length] = ipaddr.parseCIDR(range);
  const bytes = ipaddr.parse(blockOf(address, length).replace(/\/.*$/, '')).toByteArray();
  // A range's own address ends in a zero bit, so nothing is carried.
  return ipaddr.fromByteArray([...bytes.slice(0, -1), (bytes.at(-1) ?? 0) | 1]).toString();
}

/** CIDR ranges; what is none is left out. */
export function isWithin(address: Parsed, ranges: Iterable<string>): boolean {
  for (const range of ranges) {
    if (!ipaddr.isValidCIDR(range)) continue;
    const [network, length] = ipaddr.parseCIDR(range);
    if (network.kind() === address.kind() && address.match(network, length)) return true;
  }
  return false;
}
