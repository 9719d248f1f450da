/** Metrics of the server. Label values are words of our own code or bounded by the cluster. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export type ServerMetrics = ReturnType<typeof createServerMetrics>;

export function createServerMetrics(registry: Registry) {
  const registers = [registry];
  return {
    agentRequestsRefused: new Counter({
      name: 'agent_requests_refused_total',
      help: 'Requests of agents, or of whoever claimed to be one, that were refused, by reason.',
      labelNames: ['reason'],
      registers,
    }),
    apiRequestsRefused: new Counter({
      name: 'api_requests_refused_total',
      help: 'Requests to the read endpoints and unknown paths that were refused, by reason.',
      labelNames: ['reason'],
      registers,
    }),
    connectionsRefused: new Counter({
      name: 'connections_refused_total',
      help: 'Connections closed at once: address (it has enough already), total (there are enough).',
      labelNames: ['reason'],
      registers,
    }),
    agentStreams: new Gauge({
      name: 'agent_streams',
      help: 'Open streams of desired state; one per connected agent.',
      registers,
    }),
    agentReports: new Counter({ name: 'agent_reports_total', help: 'Reports of agents taken in.', registers }),
    snapshotsReceived: new Counter({
      name: 'snapshots_received_total',
      help: 'Well-formed snapshots by the answer that their agent got.',
      labelNames: ['result'],
      registers,
    }),
    snapshotBytes: new Counter({
      name: 'snapshot_received_bytes_total',
      help: 'Compressed bytes of uploads, refused ones included.',
      registers,
    }),
    snapshotSeconds: new Histogram({
      name: 'snapshot_ingest_seconds',
      help: 'Time from a complete upload to its answer.',
      buckets: [0.01, 0.05, 0.2, 1, 5, 20],
      registers,
    }),
    blobsSent: new Counter({
      name: 'profile_blobs_sent_total',
      help: 'Compiled profiles given to agents.',
      registers,
    }),
    blobBytes: new Counter({
      name: 'profile_blob_sent_bytes_total',
      help: 'Bytes of compiled profiles given to agents.',
      registers,
    }),
    tokenReviews: new Counter({
      name: 'token_reviews_total',
      help: 'Tokens by how they were judged: cached, valid, invalid, limited, busy, failed.',
      labelNames: ['outcome'],
      registers,
    }),
    certificateExpiry: new Gauge({
      name: 'serving_certificate_expiry_seconds',
      help: 'End of the serving certificate, in seconds since the epoch.',
      registers,
    }),
    certificateFailures: new Counter({
      name: 'serving_certificate_failures_total',
      help: 'Attempts to keep CA and serving certificate up to date that failed.',
      registers,
    }),
  };
}
