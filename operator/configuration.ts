/** How the operator is started: its environment, checked once. What can change while it runs is in the WorkloadSecurityConfig. */
import { z } from 'zod';

const listen = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((text, context) => {
      const match = /^(.*):(\d{1,5})$/.exec(text);
      const port = Number(match?.[2]);
      if (match?.[1] === undefined || match[1] === '' || port > 65_535) {
        context.addIssue({ code: 'custom', message: `must be HOST:PORT, for example ${fallback}` });
        return z.NEVER;
      }
      return { host: match[1].replace(/^\[(.*)\]$/, '$1'), port };
    });

const environmentSchema = z.object({
  KUBECONFIG: z.string().optional(),
  WSP_NAMESPACE: z.string({ error: 'must name the namespace that the operator runs in' }).min(1),
  WSP_POD_NAME: z.string().min(1).default('workload-security-operator'),
  WSP_POD_UID: z.string().min(1).optional(),
  WSP_LISTEN: listen('0.0.0.0:8443'),
  WSP_HEALTH_LISTEN: listen('0.0.0.0:8081'),
  WSP_DATA_DIR: z.string().min(1).default('/data'),
  WSP_SERVICE_NAME: z.string().min(1).default('workload-security-operator'),
  WSP_AGENT_SERVICE_ACCOUNT: z.string().min(1).default('workload-security-agent'),
  WSP_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});

export interface Configuration {
  /** Path of a kubeconfig, for a process outside of the cluster. */
  readonly kubeconfig: string | undefined;
  readonly namespace: string;
  readonly podName: string;
  /** Absent outside of a pod. */
  readonly podUid: string | undefined;
  readonly listen: { readonly host: string; readonly port: number };
  readonly healthListen: { readonly host: string; readonly port: number };
  readonly dataDir: string;
  readonly serviceName: string;
  /** Name of the agents' service account, in the same namespace. */
  readonly agentServiceAccount: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

/** @throws Error that names every variable that is wrong, and why */
export function readConfiguration(environment: Readonly<Record<string, string | undefined>>): Configuration {
  const parsed = environmentSchema.safeParse(environment);
  if (!parsed.success) throw new Error(`the environment cannot be used:\n${z.prettifyError(parsed.error)}`);
  const { data } = parsed;
  return {
    kubeconfig: data.KUBECONFIG,
    namespace: data.WSP_NAMESPACE,
    podName: data.WSP_POD_NAME,
    podUid: data.WSP_POD_UID,
    listen: data.WSP_LISTEN,
    healthListen: data.WSP_HEALTH_LISTEN,
    dataDir: data.WSP_DATA_DIR,
    serviceName: data.WSP_SERVICE_NAME,
    agentServiceAccount: data.WSP_AGENT_SERVICE_ACCOUNT,
    logLevel: data.WSP_LOG_LEVEL,
  };
}
