/**
 * A port that everybody in the cluster can reach has room for so many connections. Without a share for each address, one pod
 * that opens them all and says nothing shuts out agents, or the kubelet's probes, and needs no token for it.
 */
import type { Server } from 'node:net';

export interface ConnectionLimits {
  /** All together; those beyond are closed at once. */
  readonly total: number;
  /** From one address. Pods have their own, except behind a network that hides them behind their node's. */
  readonly perAddress: number;
}

/** @param onRefused called for each connection that is closed: because of its address, or because there are enough */
export function limitConnections(
  server: Server,
  { total, perAddress }: ConnectionLimits,
  onRefused: (reason: 'address' | 'total') => void = () => undefined,
): void {
  /** At most `total` entries: addresses without a connection are left out. */
  const open = new Map<string, number>();
  server.maxConnections = total;
  server.on('drop', () => onRefused('total'));
  server.on('connection', (socket) => {
    const address = socket.remoteAddress ?? '';
    const own = open.get(address) ?? 0;
    if (own >= perAddress) {
      socket.destroy();
      onRefused('address');
      return;
    }
    open.set(address, own + 1);
    socket.once('close', () => {
      const left = (open.get(address) ?? 0) - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
  });
}
