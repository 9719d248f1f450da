/**
 * Asks the operator itself, for what no object holds. A short-lived token of a service account that may read this and nothing
 * else goes to it, never the user's own credentials: the API server decides who may have such a token, and a way to the pod.
 */
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { ForbiddenError, NotFoundError, problemText } from '../../kube/errors.ts';
import type { KubeClient } from '../../kube/client.ts';
import { parseAnswer } from '../../kube/objects.ts';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import type { OperatorOptions } from '../options.ts';

const port = 8443;
const timeoutMs = 30_000;
/** Of the largest answer, a page of containers, twice. */
const longestAnswer = 1024 * 1024;
/** The shortest that the API server makes. */
const tokenSeconds = 600;

export type OperatorApi = <Answer>(path: string, schema: z.ZodType<Answer>) => Promise<Answer>;

/** @throws Failure that says what is missing: an operator, a right, a way */
export async function operatorApi(options: OperatorOptions, context: Context): Promise<OperatorApi> {
  const client = context.connect(options);
  const { operatorNamespace: namespace } = options;
  const pod = await asked(namespace, () => holder(client, namespace));
  const ca = await asked(namespace, () => authority(client, namespace));
  const token = await asked(namespace, () => readerToken(client, namespace));
  return async (path, schema) => {
    const stream = await context.tunnel(options, { namespace, pod, port }).catch((error: unknown) => {
      throw new Failure(problemText(error), { cause: error, hint: rightsHint(namespace) });
    });
    try {
      return schema.parse(JSON.parse(await fetchText(stream, { path, ca, token })));
    } catch (error) {
      if (error instanceof Failure) throw error;
      const hint = `kubectl -n ${namespace} logs ${pod} may say more; plugin and operator may be of different versions`;
      throw new Failure(`the operator did not answer: ${problemText(error)}`, { cause: error, hint });
    } finally {
      stream.destroy();
    }
  };
}

const rightsHint = (namespace: string): string =>
  `it takes the role workload-security-status in the namespace ${namespace}: kubectl -n ${namespace} create rolebinding status-NAME --role=workload-security-status --user=NAME`;

async function asked<Answer>(namespace: string, ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ForbiddenError && error.status === 403) {
      throw new Failure(error.message, { cause: error, hint: rightsHint(namespace) });
    }
    if (error instanceof NotFoundError) {
      const hint =
        'is Workload Security installed here (kubectl config current-context)? If its namespace is another: --operator-namespace NAME';
      throw new Failure(`there is no operator in the namespace ${namespace}`, { cause: error, hint });
    }
    throw error;
  }
}

const leaseSchema = z.object({ spec: z.object({ holderIdentity: z.string().nullish() }).default({}) });

/** The pod that is at work. Pods hold the Lease by name and uid. */
async function holder(client: KubeClient, namespace: string): Promise<string> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases/workload-security-operator`;
  const { spec } = parseAnswer(await client.request({ method: 'GET', path }), leaseSchema, `GET ${path}`);
  const [pod = ''] = (spec.holderIdentity ?? '').split('_');
  if (pod !== '') return pod;
  const hint = `kubectl -n ${namespace} get pods shows its pod; the condition StoreReady of workloadsecurityconfig/default may say why`;
  throw new Failure('no operator is at work', { hint });
}

const caSchema = z.object({ data: z.object({ 'ca.crt': z.string() }) });

async function authority(client: KubeClient, namespace: string): Promise<string> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/workload-security-ca`;
  return parseAnswer(await client.request({ method: 'GET', path }), caSchema, `GET ${path}`).data['ca.crt'];
}

const tokenSchema = z.object({ status: z.object({ token: z.string() }) });

async function readerToken(client: KubeClient, namespace: string): Promise<string> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/workload-security-reader/token`;
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: tokenSeconds },
  };
  const answer = await client.request({ method: 'POST', path, body });
  return parseAnswer(answer, tokenSchema, `POST ${path}`).status.token;
}

interface Question {
  readonly path: string;
  readonly ca: string;
  readonly token: string;
}

const problemSchema = z.object({ detail: z.string() });

async function fetchText(socket: Duplex, { path, ca, token }: Question): Promise<string> {
  const answered = Promise.withResolvers<string>();
  const asking = request({
    path,
    // The certificate holds this name besides those of the Service.
    createConnection: () => connect({ socket, ca, servername: 'localhost' }),
    headers: { host: 'localhost', authorization: `Bearer ${token}`, connection: 'close' },
    timeout: timeoutMs,
  });
  asking.on('timeout', () => asking.destroy(new Error(`no answer within ${timeoutMs / 1_000} s`)));
  asking.on('error', answered.reject);
  asking.on('response', (response) => {
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > longestAnswer) response.destroy(new Error(`the answer is longer than ${longestAnswer} bytes`));
    });
    const body = text(response);
    const { statusCode = 0 } = response;
    answered.resolve(statusCode === 200 ? body : body.then((why) => Promise.reject(refusal(statusCode, why))));
  });
  asking.end();
  return answered.promise;
}

function refusal(status: number, body: string): Failure {
  const parsed = problemSchema.safeParse(jsonOf(body));
  const why = parsed.success ? parsed.data.detail : body.slice(0, 200);
  const hint = status === 404 ? 'the operator is older than this plugin: upgrade it' : undefined;
  return new Failure(`the operator refused (${status}): ${why}`, hint === undefined ? {} : { hint });
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
