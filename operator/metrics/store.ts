import { Counter, Gauge, type Registry } from 'prom-client';
import { StoreError } from '../store/errors.ts';
import type { StoreUsage } from '../store/store.ts';
import type { SqliteStore } from '../store/sqlite/sqlite-store.ts';

/** What the store holds and what waits for it. Asked of the store when somebody asks us. */
export function createStoreMetrics(registry: Registry, store: Pick<SqliteStore, 'usage' | 'pending'>): void {
  const registers = [registry];
  const failures = new Counter({
    name: 'store_usage_failures_total',
    help: 'Times that the store did not say what it holds, by kind of error.',
    labelNames: ['kind'],
    registers,
  });
  let asked: Promise<StoreUsage | undefined> | undefined;

  /** One question for all metrics of one scrape. Without an answer they keep their last values. */
  function usage(): Promise<StoreUsage | undefined> {
    asked ??= store
      .usage()
      .catch((error: unknown) => {
        if (!(error instanceof StoreError)) throw error;
        failures.inc({ kind: error.kind });
        return undefined;
      })
      .finally(() => {
        asked = undefined;
      });
    return asked;
  }

  void new Gauge({
    name: 'store_records',
    help: 'Records in the store, by table: profiles, snapshots (those whose raw bytes are kept), lost_periods.',
    labelNames: ['table'],
    registers,
    async collect() {
      const found = await usage();
      if (found === undefined) return;
      this.set({ table: 'profiles' }, found.profiles);
      this.set({ table: 'snapshots' }, found.snapshots);
      this.set({ table: 'lost_periods' }, found.lostPeriods);
    },
  });
  void new Gauge({
    name: 'store_bytes',
    help: 'Bytes of the store on disk.',
    registers,
    async collect() {
      const found = await usage();
      if (found !== undefined) this.set(found.bytes);
    },
  });
  void new Gauge({
    name: 'store_queue_depth',
    help: 'Requests that wait for the store.',
    registers,
    collect() {
      this.set(store.pending().requests);
    },
  });
  void new Gauge({
    name: 'store_queue_bytes',
    help: 'Bytes of snapshots and evidence that wait for the store.',
    registers,
    collect() {
      this.set(store.pending().bytes);
    },
  });
  void new Counter({
    name: 'store_requests_refused_total',
    help: 'Requests refused because too many were waiting.',
    registers,
    collect() {
      this.reset();
      this.inc(store.pending().refused);
    },
  });
}
