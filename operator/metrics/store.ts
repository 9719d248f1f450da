import { Counter, Gauge, type Registry } from 'prom-client';
import { StoreError } from '../store/errors.ts';
import type { StoreUsage, Trimmed } from '../store/store.ts';
import type { SqliteStore } from '../store/sqlite/sqlite-store.ts';

export interface StoreMetrics {
  readonly onTrimmed: (trimmed: Trimmed) => void;
}

/** What the store holds and what waits for it. Asked of the store when somebody asks us. */
export function createStoreMetrics(registry: Registry, store: Pick<SqliteStore, 'usage' | 'pending'>): StoreMetrics {
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
    help: 'Records in the store, by table: profiles, snapshots (those whose raw bytes are kept), lost_periods, archive, audit, quarantine (marks).',
    labelNames: ['table'],
    registers,
    async collect() {
      const found = await usage();
      if (found === undefined) return;
      this.set({ table: 'profiles' }, found.profiles);
      this.set({ table: 'snapshots' }, found.snapshots);
      this.set({ table: 'lost_periods' }, found.lostPeriods);
      this.set({ table: 'archive' }, found.archived);
      this.set({ table: 'audit' }, found.auditEntries);
      this.set({ table: 'quarantine' }, found.quarantine.marks);
    },
  });
  void new Gauge({
    name: 'store_quarantine_whole',
    help: 'Of which nothing that they teach is known until it is released, because rules matched in too many containers, by scope: namespace (of one image), image, unlearned (containers of a namespace, or of all, in images that have no profile yet).',
    labelNames: ['scope'],
    registers,
    async collect() {
      const found = await usage();
      if (found === undefined) return;
      this.set({ scope: 'namespace' }, found.quarantine.namespaces);
      this.set({ scope: 'image' }, found.quarantine.images);
      this.set({ scope: 'unlearned' }, found.quarantine.unlearned);
    },
  });
  const gauge = (name: string, help: string, read: (found: StoreUsage) => number): void =>
    void new Gauge({
      name,
      help,
      registers,
      async collect() {
        const found = await usage();
        if (found !== undefined) this.set(read(found));
      },
    });
  gauge('store_bytes', 'Bytes of the store on disk, its log included.', (found) => found.bytes);
  gauge('store_log_bytes', "Bytes of the store's log: what is not in its place yet.", (found) => found.logBytes);
  gauge('store_free_bytes', 'Bytes of the store on disk that hold nothing now.', (found) => found.freeBytes);
  gauge('store_snapshot_bytes', 'Bytes of raw snapshots, as retention counts them.', (found) => found.snapshotBytes);
  gauge('store_archive_bytes', 'Bytes of archived profiles.', (found) => found.archiveBytes);
  gauge(
    'store_audit_dropped',
    'Entries of the audit that had to go because there were too many.',
    (found) => found.auditDropped,
  );
  gauge(
    'store_quarantine_merged',
    'Quarantine marks that are told apart no more, since whole namespaces or images are quarantined instead.',
    (found) => found.quarantine.merged,
  );
  void new Counter({
    name: 'store_quarantine_fallen_total',
    help: 'Quarantine marks that went without a release: of containers that were gone when learning began anew, and of images that neither run nor are known any more.',
    registers,
    async collect() {
      const found = await usage();
      if (found === undefined) return;
      this.reset();
      this.inc(found.quarantine.fallen);
    },
  });
  gauge('store_volume_free_bytes', 'Bytes that are left on the volume of the store.', (found) => found.volumeFreeBytes);
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
  const trimmed = new Counter({
    name: 'store_snapshots_trimmed_total',
    help: 'Raw snapshots dropped by retention, by what they were beyond: age or bytes.',
    labelNames: ['limit'],
    registers,
  });
  for (const limit of ['age', 'bytes']) trimmed.inc({ limit }, 0);
  void new Counter({
    name: 'store_requests_refused_total',
    help: 'Requests refused because too many were waiting.',
    registers,
    collect() {
      this.reset();
      this.inc(store.pending().refused);
    },
  });
  return {
    onTrimmed: ({ byAge, byBytes }) => {
      trimmed.inc({ limit: 'age' }, byAge);
      trimmed.inc({ limit: 'bytes' }, byBytes);
    },
  };
}
