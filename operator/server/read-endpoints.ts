/** What people and machines may read: scheduling, profiles and metrics. Who may is decided by the cluster's own RBAC. */
import { Router } from 'express';
import type { Registry } from 'prom-client';
import { group } from '../../crds/group.ts';
import type { AccessQuestion } from '../kube/reviews.ts';
import { Access, type AccessOptions } from './access.ts';
import { Answers, type AnswersOptions } from './answers.ts';
import { Gate } from './gate.ts';
import type { ProfileModels, StatusSource, UnknownBehaviours } from './ports.ts';
import { model, profileEndpoint, profileGate, withinGate } from './profile-endpoint.ts';
import { containersEndpoint, schedulingEndpoint, statusEndpoint } from './status-endpoint.ts';
import { unknownEndpoint } from './unknown-endpoint.ts';

export interface ReadEndpointsOptions extends AccessOptions, Pick<AnswersOptions, 'memory'> {
  readonly status: StatusSource;
  readonly profiles: ProfileModels;
  readonly unknown: UnknownBehaviours;
  readonly registry: Registry;
}

/** A virtual resource: no object of it exists, roles grant it like any other. */
const scheduling: AccessQuestion = { type: 'resource', group, resource: 'scheduling', verb: 'get' };
const metrics: AccessQuestion = { type: 'path', path: '/metrics', verb: 'get' };

/** Each collects all metrics anew, 200 KB for 1,000 nodes; one scrapes, and some may scrape beside. */
const scrapes = { running: 1, waiting: 8 };

export function readEndpoints(options: ReadEndpointsOptions & Pick<AnswersOptions, 'refused'>): Router {
  const access = new Access(options);
  const answers = new Answers(options);
  // With a limit of their own: who takes no answers must not be able to hide that from those who watch the operator.
  const scraped = new Answers(options);
  const gate = profileGate();
  const scraping = new Gate(scrapes.running, scrapes.waiting);
  const { unlessScarce } = answers;
  const router = Router();
  router.get('/api/v1/status', access.allowing(scheduling), statusEndpoint(options.status, answers));
  router.get(
    '/api/v1/scheduling',
    access.allowing(scheduling),
    unlessScarce,
    schedulingEndpoint(options.status, answers),
  );
  router.get(
    '/api/v1/containers',
    access.allowing(scheduling),
    unlessScarce,
    containersEndpoint(options.status, answers),
  );
  router.get(
    '/api/v1/profiles/:name',
    access.allowing(model),
    unlessScarce,
    profileEndpoint(options.profiles, gate, answers),
  );
  router.get('/api/v1/profiles/:name/unknown', unknownEndpoint(options.unknown, { access, gate, answers }));
  router.get('/metrics', access.allowing(metrics), async (_request, response) => {
    const text = await withinGate(scraping, () => options.registry.metrics());
    response.type(options.registry.contentType);
    await scraped.send(response, Buffer.from(text));
  });
  return router;
}
