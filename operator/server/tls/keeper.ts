/** Keeps the TLS identity in a Secret, its CA bundle in a ConfigMap, and whoever serves up to date. */
import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';
import type { KubeClient } from '../../kube/client.ts';
import { ConflictError, problemText } from '../../kube/errors.ts';
import { applyConfigMap, createSecret, findSecret, replaceSecret, type SecretRecord } from '../../kube/secrets.ts';
import type { ServerMetrics } from '../metrics.ts';
import type { ServingCertificate } from '../server.ts';
import { validity } from './authority.ts';
import { advance, bundle, identitySchema, type TlsIdentity } from './identity.ts';

/** Agents mount it under this name and key. */
export const caConfigMap = { name: 'workload-security-ca', key: 'ca.crt' } as const;
const secretName = 'workload-security-tls';
/** One entry: what belongs together is read and written together. */
const secretKey = 'identity.json';
/** Replicas may race for the Secret; each loser reads again what the winner wrote. */
const attempts = 5;
const checkMs = 3_600_000;
const retryMs = 60_000;

export interface TlsKeeperOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** DNS names and addresses under which the server is reached; see {@link serviceNames}. */
  readonly names: readonly string[];
  readonly clock: Clock;
  readonly metrics: Pick<ServerMetrics, 'certificateExpiry' | 'certificateFailures'>;
  readonly log: Logger;
}

/** All names of a Service inside a cluster, the way agents and people write them. */
export function serviceNames(service: string, namespace: string): string[] {
  return [
    `${service}.${namespace}.svc`,
    `${service}.${namespace}`,
    service,
    `${service}.${namespace}.svc.cluster.local`,
  ];
}

/**
 * Reads or makes the identity, stores it if it changed, then publishes the CA bundle: an agent can never trust what was not
 * kept.
 * @throws KubeError
 */
export async function ensureCertificate(options: TlsKeeperOptions): Promise<ServingCertificate> {
  const { client, namespace, metrics } = options;
  const identity = await ensureIdentity(options);
  await applyConfigMap(client, { namespace, name: caConfigMap.name }, { [caConfigMap.key]: bundle(identity) });
  metrics.certificateExpiry.set(validity(identity.serving.cert).validTo / 1_000);
  return identity.serving;
}

/** Calls `use` with every new certificate until `signal` aborts. Never rejects: failures are counted and tried again. */
export async function keepCertificate(
  options: TlsKeeperOptions,
  first: ServingCertificate,
  use: (certificate: ServingCertificate) => void,
  signal: AbortSignal,
): Promise<void> {
  const { clock, metrics, log } = options;
  let current = first;
  let waitMs = checkMs;
  while (!signal.aborted) {
    await clock.sleep(waitMs, signal);
    if (signal.aborted) return;
    try {
      const found = await ensureCertificate(options);
      if (found.cert !== current.cert) {
        use(found);
        current = found;
        log.info({ until: new Date(validity(found.cert).validTo).toISOString() }, 'new serving certificate');
      }
      waitMs = checkMs;
    } catch (error) {
      metrics.certificateFailures.inc();
      log.error({ problem: problemText(error) }, 'certificates could not be checked; the present one stays in use');
      waitMs = retryMs;
    }
  }
}

async function ensureIdentity(options: TlsKeeperOptions): Promise<TlsIdentity> {
  const { client, namespace, names, clock } = options;
  const name = { namespace, name: secretName };
  for (let attempt = 1; ; attempt += 1) {
    const secret = await findSecret(client, name);
    const known = secret === undefined ? undefined : identityOf(secret, options.log);
    const wanted = await advance(known, names, clock.settled());
    if (wanted === known) return wanted;
    const data = { [secretKey]: JSON.stringify(wanted) };
    try {
      if (secret === undefined) await createSecret(client, name, data);
      else await replaceSecret(client, name, { ...secret, data });
      return wanted;
    } catch (error) {
      if (!(error instanceof ConflictError) || attempt >= attempts) throw error;
    }
  }
}

/** A Secret that somebody damaged is as good as none: a new CA is made and published. */
function identityOf(secret: SecretRecord, log: Logger): TlsIdentity | undefined {
  try {
    return identitySchema.parse(JSON.parse(secret.data[secretKey] ?? ''));
  } catch {
    // The error is left out: it might quote the key.
    log.error({ secret: secretName, key: secretKey }, 'the Secret holds no TLS identity; a new one is made');
    return undefined;
  }
}
