/** What people and machines may read: scheduling, profiles and metrics. Who may is decided by the cluster's own RBAC. */
import { Router } from 'express';
import type { Registry } from 'prom-client';
import { group } from '../../crds/group.ts';
import type { AccessQuestion } from '../kube/reviews.ts';
import { Access, type AccessOptions } from './access.ts';
import type { ProfileModels, SchedulingView, StatusSource, UnknownBehaviours } from './ports.ts';
import { model, profileEndpoint, profileGate } from './profile-endpoint.ts';
import { containersEndpoint, statusEndpoint } from './status-endpoint.ts';
import { unknownEndpoint } from './unknown-endpoint.ts';

export interface ReadEndpointsOptions extends AccessOptions {
  readonly scheduling: SchedulingView;
  readonly status: StatusSource;
  readonly profiles: ProfileModels;
  readonly unknown: UnknownBehaviours;
  readonly registry: Registry;
}

/** A virtual resource: no object of it exists, roles grant it like any other. */
const scheduling: AccessQuestion = { type: 'resource', group, resource: 'scheduling', verb: 'get' };
const metrics: AccessQuestion = { type: 'path', path: '/metrics', verb: 'get' };

export function readEndpoints(options: ReadEndpointsOptions): Router {
  const access = new Access(options);
  const gate = profileGate();
  const router = Router();
  router.get('/api/v1/scheduling', access.allowing(scheduling), (request, response) => {
    const { node } = request.query;
    response.json({ nodes: options.scheduling(typeof node === 'string' ? node : undefined) });
  });
  router.get('/api/v1/status', access.allowing(scheduling), statusEndpoint(options.status));
  router.get('/api/v1/containers', access.allowing(scheduling), containersEndpoint(options.status));
  router.get('/api/v1/profiles/:name', access.allowing(model), profileEndpoint(options.profiles, gate));
  router.get('/api/v1/profiles/:name/unknown', unknownEndpoint(options.unknown, access, gate));
  router.get('/metrics', access.allowing(metrics), async (_request, response) => {
    response.type(options.registry.contentType).send(await options.registry.metrics());
  });
  return router;
}
