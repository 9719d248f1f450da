/** What people and machines may read: scheduling, profiles and metrics. Who may is decided by the cluster's own RBAC. */
import { hash } from 'node:crypto';
import { Router, type RequestHandler } from 'express';
import { LRUCache } from 'lru-cache';
import type { Registry } from 'prom-client';
import { group } from '../../crds/group.ts';
import type { Clock } from '../clock.ts';
import type { AccessQuestion, Identity } from '../kube/reviews.ts';
import { identify } from './authentication.ts';
import type { ProfileModels, SchedulingView } from './ports.ts';
import { Problem } from './problem.ts';
import { profileEndpoint } from './profile-endpoint.ts';
import type { TokenAuthenticator } from './token-authenticator.ts';

export interface ReadEndpointsOptions {
  /** For tokens of the API server's own audience. */
  readonly authenticator: TokenAuthenticator;
  /** Rejects if the API server cannot say. */
  readonly isAllowed: (who: Identity, question: AccessQuestion) => Promise<boolean>;
  readonly scheduling: SchedulingView;
  readonly profiles: ProfileModels;
  readonly registry: Registry;
  readonly clock: Clock;
}

/** How long a withdrawn right still works. */
const decisionMs = 30_000;
const maxDecisions = 1_000;

/** A virtual resource: no object of it exists, roles grant it like any other. */
const scheduling: AccessQuestion = { type: 'resource', group, resource: 'scheduling', verb: 'get' };
/** Of any profile: which images there are is no secret to who may read what they do. */
const model: AccessQuestion = {
  type: 'resource',
  group,
  resource: 'securityprofiles',
  subresource: 'model',
  verb: 'get',
};
const metrics: AccessQuestion = { type: 'path', path: '/metrics', verb: 'get' };

export function readEndpoints(options: ReadEndpointsOptions): Router {
  const allowing = accessControl(options);
  const router = Router();
  router.get('/api/v1/scheduling', allowing(scheduling), (request, response) => {
    const { node } = request.query;
    response.json({ nodes: options.scheduling(typeof node === 'string' ? node : undefined) });
  });
  router.get('/api/v1/profiles/:name', allowing(model), profileEndpoint(options.profiles));
  router.get('/metrics', allowing(metrics), async (_request, response) => {
    response.type(options.registry.contentType).send(await options.registry.metrics());
  });
  return router;
}

function accessControl({ authenticator, isAllowed, clock }: ReadEndpointsOptions) {
  const perf = { now: () => clock.monotonic() };
  const decisions = new LRUCache<string, boolean>({ max: maxDecisions, ttl: decisionMs, perf, ttlResolution: 0 });

  const decide = async (who: Identity, question: AccessQuestion): Promise<boolean> => {
    const key = hash('sha256', JSON.stringify([who, question]));
    const known = decisions.get(key);
    if (known !== undefined) return known;
    const decision = await isAllowed(who, question).catch((error: unknown) => {
      const detail = 'the API server could not review the access now';
      throw new Problem({ status: 503, code: 'review-unavailable', detail, retryAfter: 5 }, error);
    });
    decisions.set(key, decision);
    return decision;
  };

  return (question: AccessQuestion): RequestHandler =>
    async (request, _response, next) => {
      const who = await identify(request, authenticator);
      if (!(await decide(who, question))) throw forbidden(who, question);
      next();
    };
}

function forbidden(who: Identity, question: AccessQuestion): Problem {
  const what = question.type === 'path' ? question.path : resourceText(question);
  const detail = `${who.username} may not ${question.verb} ${what}: bind a role that grants it`;
  return new Problem({ status: 403, code: 'forbidden', detail });
}

function resourceText({ resource, subresource, group: of }: Extract<AccessQuestion, { type: 'resource' }>): string {
  return subresource === undefined ? `${resource}.${of}` : `${resource}.${of}/${subresource}`;
}
