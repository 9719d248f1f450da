/** `GET /api/v1/profiles/NAME?at=TIME`: a profile as the store knows it, also as it was. */
import type { RequestHandler } from 'express';
import { group } from '../../crds/group.ts';
import type { AccessQuestion } from '../kube/reviews.ts';
import type { Answers } from './answers.ts';
import { Gate, GateFullError } from './gate.ts';
import { type ProfileModels, ReadingStoppedError } from './ports.ts';
import { Problem } from './problem.ts';

/** Making a profile again merges up to 4,000 snapshots: one at a time, and few may wait. */
const parallel = 1;
const waiting = 8;

/** Of any profile: which images there are is no secret to who may read what they do. */
export const model = {
  type: 'resource',
  group,
  resource: 'securityprofiles',
  subresource: 'model',
  verb: 'get',
} as const satisfies AccessQuestion;

/** For all that reads whole profiles: what is large is in memory once. */
export function profileGate(): Gate {
  return new Gate(parallel, waiting);
}

/** @throws Problem 503 if too many wait, or memory does not suffice; else what `work` throws */
export async function withinGate<Result>(gate: Gate, work: () => Promise<Result>): Promise<Result> {
  try {
    return await gate.run(work);
  } catch (error) {
    if (error instanceof ReadingStoppedError) {
      throw new Problem({ status: 503, code: 'memory', detail: error.message, retryAfter: 30 }, error);
    }
    if (!(error instanceof GateFullError)) throw error;
    const detail = 'too many ask at once; try again';
    throw new Problem({ status: 503, code: 'busy', detail, retryAfter: 5 }, error);
  }
}

const time = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?Z)?$/;

export function profileEndpoint(profiles: ProfileModels, gate: Gate, answers: Answers): RequestHandler {
  return async ({ params, query }, response) => {
    const at = timeOf(query['at'], 'at');
    const found = await withinGate(gate, () => {
      answers.refuseIfVain(response);
      return profiles(String(params['name']), at);
    });
    switch (found.kind) {
      case 'found':
        return answers.send(response.type('json'), found.json);
      case 'nothing':
        throw new Problem({ status: 404, code: 'no-profile', detail: 'there is no such profile, or was none then' });
      case 'gone':
        throw new Problem({ status: 410, code: 'snapshots-gone', detail: found.reason });
    }
  };
}

/** @param name of the parameter */
export function timeOf(value: unknown, name: string): number | undefined {
  if (value === undefined) return undefined;
  const milliseconds = typeof value === 'string' && time.test(value) ? Date.parse(value) : NaN;
  if (!Number.isNaN(milliseconds)) return milliseconds;
  const detail = `${name} is a time in UTC, such as 2026-01-31 or 2026-01-31T12:00:00Z`;
  throw new Problem({ status: 400, code: 'bad-time', detail });
}
