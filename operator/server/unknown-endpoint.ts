/** `GET /api/v1/profiles/NAME/unknown`: what stored snapshots show that a profile does not know. */
import type { Request, RequestHandler, Response } from 'express';
import type { Identity } from '../kube/reviews.ts';
import type { Access } from './access.ts';
import type { Answers } from './answers.ts';
import type { Gate } from './gate.ts';
import type { UnknownAnswer, UnknownBehaviours, UnknownQuestion } from './ports.ts';
import { Problem } from './problem.ts';
import { model, withinGate, timeOf } from './profile-endpoint.ts';

/** As `kubectl get pod -o jsonpath='{.status.containerStatuses[*].containerID}'` prints it, or without the runtime. */
const containerId = /^(?:[a-z][a-z0-9.+-]{0,31}:\/\/)?([0-9a-f]{64})$/;
const label = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?';
const namespaceName = new RegExp(`^${label}$`);
const podName = new RegExp(`^(${label})/([a-z0-9][-.a-z0-9]{0,252})$`);

export interface UnknownEndpointParts {
  readonly access: Access;
  /** Shared by all that reads whole profiles. */
  readonly gate: Gate;
  readonly answers: Answers;
}

/**
 * Whoever may get the model of all profiles may ask about all pods. Whoever may get it in a namespace may ask about the pods
 * of that, if the image has run there, one question at a time, and few such questions at once: people of one namespace, or of a
 * handful, must not keep all others waiting.
 */
export function unknownEndpoint(unknown: UnknownBehaviours, parts: UnknownEndpointParts): RequestHandler {
  const { access, gate, answers } = parts;
  const askingIn = new Set<string>();

  const answer = async (question: UnknownQuestion, response: Response): Promise<void> => {
    answers.refuseIfScarce();
    const found = await withinGate(gate, () => {
      answers.refuseIfVain(response);
      return unknown(question);
    });
    await respond(found, response);
  };

  const answerConfined = async (who: Identity, question: UnknownQuestion, response: Response): Promise<void> => {
    const { namespace } = question;
    if (namespace === undefined) throw access.forbidden(who, model);
    const within = { ...model, namespace };
    if (!(await access.isAllowed(who, within))) throw access.forbidden(who, within);
    refuseIfCrowded(namespace, askingIn);
    askingIn.add(namespace);
    try {
      await answer({ ...question, confined: true }, response);
    } finally {
      askingIn.delete(namespace);
    }
  };

  const respond = async (found: UnknownAnswer, response: Response): Promise<void> => {
    switch (found.kind) {
      case 'found':
        return answers.send(response.type('json'), found.json);
      case 'nothing':
        throw new Problem({ status: 404, code: 'no-profile', detail: nothing });
      case 'gone':
        throw new Problem({ status: 410, code: 'snapshots-gone', detail: found.reason });
      case 'nothing-to-compare':
        throw new Problem({ status: 409, code: found.code, detail: found.reason });
    }
  };

  return async (request, response) => {
    const who = await access.identify(request);
    const everywhere = await access.isAllowed(who, model);
    const question = questionOf(request);
    await (everywhere ? answer(question, response) : answerConfined(who, question, response));
  };
}

/** Of the nine places that there are for all who ask, one that works and eight that wait (profile-endpoint.ts). */
const namespacesAtOnce = 4;

/** @throws Problem 429 */
function refuseIfCrowded(namespace: string, asking: ReadonlySet<string>): void {
  const isOwn = asking.has(namespace);
  if (!isOwn && asking.size < namespacesAtOnce) return;
  const what = isOwn ? 'about pods of this namespace' : `about pods of ${namespacesAtOnce} other namespaces`;
  const detail = `somebody asks ${what} already; ask again when that is answered`;
  throw new Problem({ status: 429, code: 'busy', detail, retryAfter: 5 });
}

/** The same for what there is not and for what is none of theirs. */
const nothing = 'there is no such profile, or no pod of this namespace taught it';

function questionOf({ params, query }: Request): UnknownQuestion {
  const since = timeOf(query['since'], 'since');
  const id = textOf(query['container'], containerId, 'container', 'the id of a container: 64 hexadecimal digits')?.[1];
  const pod = podOf(query['pod']);
  const own = textOf(query['namespace'], namespaceName, 'namespace', 'the name of a namespace')?.[0];
  if (id !== undefined && pod !== undefined) throw badQuestion('a container or a pod is asked for, not both');
  if (pod !== undefined && (own ?? pod.namespace) !== pod.namespace) {
    throw badQuestion('the pod is in another namespace than the one that is asked for');
  }
  return { name: String(params['name']), since, containerId: id, pod, namespace: own ?? pod?.namespace };
}

function podOf(value: unknown): UnknownQuestion['pod'] {
  const found = textOf(value, podName, 'pod', 'a namespace and a name, such as shop/web-0');
  return found === undefined ? undefined : { namespace: found[1] ?? '', name: found[2] ?? '' };
}

function textOf(value: unknown, form: RegExp, name: string, what: string): RegExpExecArray | undefined {
  if (value === undefined) return undefined;
  const found = typeof value === 'string' ? form.exec(value) : null;
  if (found === null) throw badQuestion(`${name} is ${what}`);
  return found;
}

function badQuestion(detail: string): Problem {
  return new Problem({ status: 400, code: 'bad-question', detail });
}
