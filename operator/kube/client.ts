/**
 * Requests to the API server, JSON in and out, on client-node's credentials and connections. The answers stay `unknown`:
 * callers parse what they use with zod, so that lists, watches and single reads look alike.
 */
import { existsSync } from 'node:fs';
import { IsomorphicFetchHttpLibrary, KubeConfig, RequestContext } from '@kubernetes/client-node';
import { errorOf, problemText, RetryableError } from './errors.ts';
import { watchPath, type WatchEvent } from './watch.ts';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute path, already percent-encoded, such as `/api/v1/pods`. */
  readonly path: string;
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** `application/json` if absent. */
  readonly contentType?: string;
  /** For the whole request, answer included; 30 s if absent. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface WatchRequest {
  readonly path: string;
  readonly query: Query;
  readonly signal: AbortSignal;
}

export interface KubeClient {
  /** @throws KubeError */
  request(request: KubeRequest): Promise<unknown>;
  /**
   * Resolves when the watch ended in the ordinary way: closed by the server, quiet for too long, or `signal` aborted.
   * @throws KubeError
   */
  watch(request: WatchRequest, onEvent: (event: WatchEvent) => void): Promise<void>;
}

const defaultTimeoutMs = 30_000;
/**
 * client-node makes connections of its own for every request, a TLS handshake each. One set is shared instead, and replaced
 * in this interval, so that a rotated CA or client certificate on disk is taken up.
 */
const connectionsMaxAgeMs = 5 * 60_000;
const serviceAccountToken = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/**
 * @param kubeconfig path of a kubeconfig; without it, the pod's own service account
 * @throws Error if there is neither
 */
export function loadKubeConfig(kubeconfig: string | undefined): KubeConfig {
  const config = new KubeConfig();
  if (kubeconfig !== undefined && kubeconfig !== '') {
    config.loadFromFile(kubeconfig);
  } else if (existsSync(serviceAccountToken) && process.env['KUBERNETES_SERVICE_HOST'] !== undefined) {
    config.loadFromCluster();
  } else {
    throw new Error(`no way to the API server: set KUBECONFIG, or run in a pod with ${serviceAccountToken}`);
  }
  if (config.getCurrentCluster() === null) throw new Error(`kubeconfig ${kubeconfig ?? ''} has no current context`);
  return config;
}

export interface KubeClientOptions {
  /** What audit logs call us. */
  readonly userAgent?: string;
  /** Milliseconds. */
  readonly monotonic?: () => number;
}

export function createKubeClient(config: KubeConfig, options: KubeClientOptions = {}): KubeClient {
  const { userAgent = 'workload-security-operator', monotonic = () => performance.now() } = options;
  const library = new IsomorphicFetchHttpLibrary();
  const server = config.getCurrentCluster()?.server.replace(/\/+$/, '') ?? '';
  const share = connectionSharing(monotonic);

  const request = async (wanted: KubeRequest): Promise<unknown> => {
    const what = `${wanted.method} ${wanted.path}`;
    const timeoutMs = wanted.timeoutMs ?? defaultTimeoutMs;
    const timeout = AbortSignal.timeout(timeoutMs);
    const context = new RequestContext(`${server}${wanted.path}`, wanted.method);
    describe(context, wanted, userAgent);
    context.setSignal(wanted.signal === undefined ? timeout : AbortSignal.any([timeout, wanted.signal]));
    let status: number;
    let text: string;
    let retryAfter: string | undefined;
    try {
      await config.applySecurityAuthentication(context);
      share(context);
      const response = await library.send(context).toPromise();
      status = response.httpStatusCode;
      retryAfter = response.headers['retry-after'];
      text = await response.body.text();
    } catch (cause) {
      const why = timeout.aborted ? `no answer within ${timeoutMs} ms` : connectionProblem(cause);
      throw new RetryableError(`${what}: ${why}`, 0, '', { cause });
    }
    if (status >= 400) throw errorOf(status, text, what, retryAfter);
    return parseJson(text, what);
  };
  return { request, watch: (wanted, onEvent) => watchPath(config, wanted, onEvent) };
}

function describe(context: RequestContext, wanted: KubeRequest, userAgent: string): void {
  for (const [name, value] of Object.entries(wanted.query ?? {})) {
    if (value !== undefined) context.setQueryParam(name, String(value));
  }
  context.setHeaderParam('User-Agent', userAgent);
  context.setHeaderParam('Accept', 'application/json');
  if (wanted.body !== undefined) {
    context.setHeaderParam('Content-Type', wanted.contentType ?? 'application/json');
    context.setBody(JSON.stringify(wanted.body));
  }
}

function connectionSharing(monotonic: () => number): (context: RequestContext) => void {
  let shared = { connections: undefined as ReturnType<RequestContext['getDispatcher']>, since: -Infinity };
  return (context) => {
    if (shared.connections === undefined || monotonic() - shared.since > connectionsMaxAgeMs) {
      shared = { connections: context.getDispatcher(), since: monotonic() };
    }
    if (shared.connections !== undefined) context.setDispatcher(shared.connections);
  };
}

/** fetch says `fetch failed` and hides the reason in its cause. */
function connectionProblem(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error ? `${problemText(error)}: ${problemText(cause)}` : problemText(error);
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RetryableError(`${what}: the answer is not JSON: ${text.slice(0, 100)}`, 0, '', { cause });
  }
}
