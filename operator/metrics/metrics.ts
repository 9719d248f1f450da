import type { Clock } from '../clock.ts';
import { createProfileMetrics } from '../controllers/security-profile/metrics.ts';
import { createKubeMetrics } from '../kube/metrics.ts';
import { createServerMetrics } from '../server/metrics.ts';
import { createAgentMetrics } from './agents.ts';
import { createBlobMetrics } from './blobs.ts';
import { createCheckMetrics } from './checks.ts';
import { createClockMetrics } from './clock.ts';
import { createIngestMetrics } from './ingest.ts';
import { OperatorRegistry } from './registry.ts';

export type Metrics = ReturnType<typeof createMetrics>;

/** Everything that counts by itself, in one registry. What is read at a scrape registers where its source is made. */
export function createMetrics(clock: Clock) {
  const registry = new OperatorRegistry();
  createClockMetrics(registry, clock);
  return {
    registry,
    ...createKubeMetrics(registry),
    ...createServerMetrics(registry),
    ...createProfileMetrics(registry),
    agents: createAgentMetrics(registry, clock),
    ingest: createIngestMetrics(registry),
    checks: createCheckMetrics(registry),
    blobs: createBlobMetrics(registry),
  };
}
