import { Counter, Gauge, type Registry } from 'prom-client';

export type BlobMetrics = ReturnType<typeof createBlobMetrics>;

/** Finished profiles in the form that agents hold. */
export function createBlobMetrics(registry: Registry) {
  const registers = [registry];
  const compilations = new Counter({
    name: 'profile_compilations_total',
    help: 'Finished profiles compiled for agents, when they were sealed or asked for, by result: compiled, postponed (no memory for it now), failed (its evidence cannot be read, or is too large).',
    labelNames: ['result'],
    registers,
  });
  for (const result of ['compiled', 'postponed', 'failed']) compilations.inc({ result }, 0);
  const seconds = new Counter({
    name: 'profile_compilation_seconds_total',
    help: 'Time from reading the evidence of a profile to its compiled form.',
    registers,
  });
  const blobs = new Gauge({
    name: 'profile_blobs',
    help: 'Compiled profiles kept in memory for agents; others are compiled again when somebody asks.',
    registers,
  });
  const bytes = new Gauge({
    name: 'profile_blob_bytes',
    help: 'Bytes of the compiled profiles kept in memory for agents; at most 16 MiB.',
    registers,
  });
  return {
    onCompiled(result: 'compiled' | 'postponed' | 'failed', took = 0): void {
      compilations.inc({ result });
      seconds.inc(took);
    },
    kept(count: number, size: number): void {
      blobs.set(count);
      bytes.set(size);
    },
  };
}
