import { Counter, type Registry } from 'prom-client';
import type { InventoryCounts } from '../inventory/cluster-inventory.ts';

/** What the inventory could not keep, or did not believe. Read when somebody asks. */
export function createInventoryMetrics(registry: Registry, inventory: { readonly counts: InventoryCounts }): void {
  const counter = (name: string, help: string, read: (counts: InventoryCounts) => number): void =>
    void new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read(inventory.counts));
      },
    });
  counter(
    'inventory_containers_forgotten_total',
    'Ended containers forgotten within an hour because too many ended; their late snapshots are unverified.',
    (counts) => counts.forgottenContainers,
  );
  counter(
    'inventory_addresses_forgotten_total',
    "Addresses forgotten early because too many changed hands, or beyond the 64 external ones of a Service; they are taken for nobody's.",
    (counts) => counts.forgottenAddresses,
  );
  counter(
    'inventory_containers_contested_total',
    'Times that a pod showed the container of another pod, which the operator does not believe: somebody writes the status of pods.',
    (counts) => counts.contested,
  );
}
