/** `GET /api/v1/profiles/NAME?at=TIME`: a profile as the store knows it, also as it was. */
import type { RequestHandler } from 'express';
import { Gate, GateFullError } from './gate.ts';
import type { ProfileModels } from './ports.ts';
import { Problem } from './problem.ts';

/** Making a profile again merges up to 4,000 snapshots: one at a time, and few may wait. */
const parallel = 1;
const waiting = 8;

const time = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?Z)?$/;

export function profileEndpoint(profiles: ProfileModels): RequestHandler {
  const gate = new Gate(parallel, waiting);
  return async ({ params, query }, response) => {
    const at = timeOf(query['at']);
    const found = await gate
      .run(() => profiles(String(params['name']), at))
      .catch((error: unknown) => {
        if (!(error instanceof GateFullError)) throw error;
        const detail = 'too many profiles are being read; try again';
        throw new Problem({ status: 503, code: 'busy', detail, retryAfter: 5 }, error);
      });
    switch (found.kind) {
      case 'found':
        response.json(found.model);
        return;
      case 'nothing':
        throw new Problem({ status: 404, code: 'no-profile', detail: 'there is no such profile, or was none then' });
      case 'gone':
        throw new Problem({ status: 410, code: 'snapshots-gone', detail: found.reason });
    }
  };
}

function timeOf(at: unknown): number | undefined {
  if (at === undefined) return undefined;
  const milliseconds = typeof at === 'string' && time.test(at) ? Date.parse(at) : NaN;
  if (!Number.isNaN(milliseconds)) return milliseconds;
  const detail = 'at is a time in UTC, such as 2026-01-31 or 2026-01-31T12:00:00Z';
  throw new Problem({ status: 400, code: 'bad-time', detail });
}
