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
import type { Reader } from './reader.ts';

const port = 8443;
/** The shortest that the API server makes. */
const tokenSeconds = 600;

export type OperatorApi = <Answer>(path: string, schema: z.ZodType<Answer>) => Promise<Answer>;

/** The operator refused: with which status, and the word that it has for why. */
export class Refusal extends Failure {
  readonly status: number;
  readonly code: string;
  /** For people. */
  readonly detail: string;

  constructor(status: number, { code, detail }: z.infer<typeof problemSchema>, hint?: string) {
    super(`the operator refused (${status}): ${detail}`, hint === undefined ? {} : { hint });
    this.status = status;
    this.code = code;
    this.detail = detail;
  }
}

/** @throws Failure that says what is missing: an operator, a right, a way; of the answer: Refusal */
export async function operatorApi(options: OperatorOptions, context: Context, reader: Reader): Promise<OperatorApi> {
  const client = context.connect(options);
  const { operatorNamespace: namespace } = options;
  const place = { namespace, role: reader.role };
  const pod = await asked(place, () => holder(client, namespace));
  const ca = await asked(place, () => authority(client, namespace));
  const token = await asked(place, () => readerToken(client, namespace, reader));
  return async (path, schema) => {
    const stream = await context.tunnel(options, { namespace, pod, port }).catch((error: unknown) => {
      throw new Failure(problemText(error), { cause: error, hint: rightsHint(place) });
    });
    try {
      return schema.parse(JSON.parse(await fetchText(stream, { path, ca, token, reader })));
    } catch (error) {
      if (error instanceof Failure) throw error;
      const hint = `kubectl -n ${namespace} logs ${pod} may say more; plugin and operator may be of different versions`;
      throw new Failure(`the operator did not answer: ${problemText(error)}`, { cause: error, hint });
    } finally {
      stream.destroy();
    }
  };
}

interface Place {
  readonly namespace: string;
  readonly role: string;
}

const rightsHint = ({ namespace, role }: Place): string =>
  `it takes the role ${role} in the namespace ${namespace}: kubectl -n ${namespace} create rolebinding NAME --role=${role} --user=NAME`;

async function asked<Answer>(place: Place, ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ForbiddenError && error.status === 403) {
      throw new Failure(error.message, { cause: error, hint: rightsHint(place) });
    }
    if (error instanceof NotFoundError) {
      const hint =
        'is Workload Security installed here (kubectl config current-context)? If its namespace is another: --operator-namespace NAME';
      throw new Failure(`there is no operator in the namespace ${place.namespace}`, { cause: error, hint });
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

async function readerToken(client: KubeClient, namespace: string, { account }: Reader): Promise<string> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${account}/token`;
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: tokenSeconds },
  };
  const answer = await client.request({ method: 'POST', path, body }).catch((error: unknown) => {
    if (!(error instanceof NotFoundError)) throw error;
    const hint = 'the chart that is installed is older than this plugin: upgrade the release';
    throw new Failure(`there is no service account ${account} in the namespace ${namespace}`, { cause: error, hint });
  });
  return parseAnswer(answer, tokenSchema, `POST ${path}`).status.token;
}

interface Question {
  readonly path: string;
  readonly ca: string;
  readonly token: string;
  readonly reader: Pick<Reader, 'longestAnswer' | 'timeoutMs'>;
}

const problemSchema = z.object({ code: z.string().default(''), detail: z.string() });

async function fetchText(socket: Duplex, { path, ca, token, reader }: Question): Promise<string> {
  const { longestAnswer, timeoutMs } = reader;
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

function refusal(status: number, body: string): Refusal {
  const parsed = problemSchema.safeParse(jsonOf(body));
  const problem = parsed.success ? parsed.data : { code: '', detail: body.slice(0, 200) };
  return new Refusal(status, problem, refusalHint(status, problem.code));
}

/** Where it is the same whatever was asked. */
function refusalHint(status: number, code: string): string | undefined {
  if (code === 'no-such-endpoint') return 'the operator is older than this plugin: upgrade it';
  if (status === 429 || status === 503) return 'nothing is wrong with the question: ask again in some seconds';
  if (code !== 'forbidden') return undefined;
  return 'the binding of this service account is missing or was changed: upgrade the release, which restores it';
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
