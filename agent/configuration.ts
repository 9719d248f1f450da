/** How the agent is started: its environment, checked once. What it shall do comes from the operator. */
import { z } from 'zod';

const listen = z
  .string()
  .default('0.0.0.0:8082')
  .transform((text, context) => {
    const match = /^(.+):(\d{1,5})$/.exec(text);
    const port = Number(match?.[2]);
    if (match?.[1] === undefined || port > 65_535) {
      context.addIssue({ code: 'custom', message: 'must be HOST:PORT, for example 0.0.0.0:8082' });
      return z.NEVER;
    }
    return { host: match[1].replace(/^\[(.*)\]$/, '$1'), port };
  });

const required = (what: string) => z.string({ error: `must be ${what}` }).min(1, `must be ${what}`);
const absolute = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .refine((path) => path.startsWith('/'), 'must be an absolute path')
    .transform((path) => (path === '/' ? path : path.replace(/\/+$/, '')));

const minRingBytes = 64 * 1024;
const maxRingBytes = 64 * 1024 * 1024;

const environmentSchema = z.object({
  WSP_NODE_NAME: required('the name of this node'),
  WSP_OPERATOR_URL: z.url({ protocol: /^https$/, error: 'must be the https URL of the operator' }),
  WSP_CA_FILE: required("the file of the operator's CA certificates"),
  WSP_TOKEN_FILE: required('the file of the projected service account token'),
  WSP_STATE_DIR: absolute('/var/lib/workload-security'),
  WSP_HOST_PROC: absolute('/proc'),
  WSP_CGROUP_ROOT: absolute('/sys/fs/cgroup'),
  WSP_TRACEFS: absolute('/sys/kernel/tracing'),
  WSP_KUBEPODS_CGROUP: z.string().startsWith('/', 'must be a path below the cgroup mount, as /kubepods').optional(),
  WSP_BLOBS: z.string().min(1).optional(),
  WSP_HEALTH_LISTEN: listen,
  WSP_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  WSP_RING_BYTES: z.coerce
    .number()
    .int()
    .min(minRingBytes)
    .max(maxRingBytes)
    .refine((bytes) => Number.isInteger(Math.log2(bytes)), 'must be a power of two')
    .optional(),
});

export interface Configuration {
  readonly nodeName: string;
  readonly operatorUrl: URL;
  readonly caFile: string;
  readonly tokenFile: string;
  /** Outlives the agent: spool, journal, last desired state. */
  readonly stateDir: string;
  readonly hostProc: string;
  readonly cgroupRoot: string;
  readonly tracefs: string;
  /** Pods to watch, for an agent outside of the cluster, as a path below the cgroup mount. */
  readonly kubepods: string | undefined;
  readonly blobFolder: string | undefined;
  readonly healthListen: { readonly host: string; readonly port: number };
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly ringBytes: number | undefined;
}

/** @throws Error that names every variable that is wrong, and why */
export function readConfiguration(environment: Readonly<Record<string, string | undefined>>): Configuration {
  const parsed = environmentSchema.safeParse(environment);
  if (!parsed.success) throw new Error(`the environment cannot be used:\n${z.prettifyError(parsed.error)}`);
  const { data } = parsed;
  return {
    nodeName: data.WSP_NODE_NAME,
    operatorUrl: new URL(data.WSP_OPERATOR_URL),
    caFile: data.WSP_CA_FILE,
    tokenFile: data.WSP_TOKEN_FILE,
    stateDir: data.WSP_STATE_DIR,
    hostProc: data.WSP_HOST_PROC,
    cgroupRoot: data.WSP_CGROUP_ROOT,
    tracefs: data.WSP_TRACEFS,
    kubepods: data.WSP_KUBEPODS_CGROUP,
    blobFolder: data.WSP_BLOBS,
    healthListen: data.WSP_HEALTH_LISTEN,
    logLevel: data.WSP_LOG_LEVEL,
    ringBytes: data.WSP_RING_BYTES,
  };
}
