/** Who is asking: from a request to an identity, or to the refusal that fits. */
import type { Request } from 'express';
import type { Identity } from '../kube/reviews.ts';
import type { Agent } from './ports.ts';
import { Problem } from './problem.ts';
import type { TokenAuthenticator } from './token-authenticator.ts';

/** Projected tokens have about 1,200 characters. */
const bearer = /^Bearer +([\x21-\x7e]{1,8192})$/i;

/** @throws Problem 401, 429 or 503 */
export async function identify(request: Request, authenticator: TokenAuthenticator): Promise<Identity> {
  const { authorization } = request.headers;
  if (authorization === undefined) {
    throw new Problem({ status: 401, code: 'no-token', detail: 'send a bearer token in the Authorization header' });
  }
  const token = bearer.exec(authorization)?.[1];
  if (token === undefined) {
    throw new Problem({ status: 401, code: 'bad-token', detail: 'the Authorization header holds no bearer token' });
  }
  const verdict = await authenticator.authenticate(token, request.socket.remoteAddress ?? '');
  switch (verdict.type) {
    case 'valid':
      return verdict.identity;
    case 'invalid':
      throw new Problem({
        status: 401,
        code: 'bad-token',
        detail: 'the API server does not accept the token: it has expired, or was made for another audience',
      });
    case 'flooding':
      throw new Problem({
        status: 429,
        code: 'too-many-bad-tokens',
        detail: 'too many invalid tokens came from this address',
        retryAfter: 30,
      });
    case 'unavailable':
      throw new Problem({
        status: 503,
        code: 'review-unavailable',
        detail: 'the API server could not review the token now',
        retryAfter: 5,
      });
  }
}

/** The API server puts these into tokens that are bound to a pod; nobody else can. */
const extras = {
  node: 'authentication.kubernetes.io/node-name',
  podName: 'authentication.kubernetes.io/pod-name',
  podUid: 'authentication.kubernetes.io/pod-uid',
} as const;

function extra(identity: Identity, key: string): string {
  const values = identity.extra[key];
  return values?.length === 1 ? (values[0] ?? '') : '';
}

/**
 * @param account full user name of the agents' service account, `system:serviceaccount:<namespace>:<name>`
 * @throws Problem 403
 */
export function agentOf(identity: Identity, account: string): Agent {
  if (identity.username !== account) {
    throw new Problem({ status: 403, code: 'other-account', detail: `only ${account} may act as an agent` });
  }
  const agent = {
    node: extra(identity, extras.node),
    podName: extra(identity, extras.podName),
    podUid: extra(identity, extras.podUid),
  };
  if (agent.node === '' || agent.podName === '' || agent.podUid === '') {
    throw new Problem({
      status: 403,
      code: 'no-node',
      detail: 'the token is not bound to a pod on a node: use a projected volume, Kubernetes 1.30 or later',
    });
  }
  return agent;
}
