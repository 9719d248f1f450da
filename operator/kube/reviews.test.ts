import { expect, it } from 'vitest';
import type { KubeClient } from './client.ts';
import { reviewToken } from './reviews.ts';

/** An API server that always gives this answer; a real one that knows no audiences cannot be had. */
function answering(status: unknown): KubeClient {
  return { request: async () => ({ status }), watch: () => Promise.reject(new Error('nothing to watch')) };
}

const user = { username: 'system:serviceaccount:ns:agent' };

it.each([
  ['for our audience', { authenticated: true, audiences: ['ours'], user }, true],
  ['without any audience: by an authenticator that knows none', { authenticated: true, user }, false],
  ['for others only', { authenticated: true, audiences: ['theirs'], user }, false],
  ['not at all', { authenticated: false, audiences: ['ours'], user }, false],
  ['without saying who', { authenticated: true, audiences: ['ours'] }, false],
])('takes a token that is valid %s: %j -> %s', async (_, status, taken) => {
  const identity = await reviewToken(answering(status), 'token', 'ours');
  expect(identity?.username).toBe(taken ? user.username : undefined);
});

it('asks for no audience where the API server itself is meant', async () => {
  const identity = await reviewToken(answering({ authenticated: true, user }), 'token');
  expect(identity?.username).toBe(user.username);
});
