/** Asking the API server who somebody is and what they may do. */
import { z } from 'zod';
import type { KubeClient } from './client.ts';
import { parseAnswer } from './objects.ts';

export interface Identity {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

const reviewSchema = z.object({
  status: z.object({
    authenticated: z.boolean().default(false),
    audiences: z.array(z.string()).default([]),
    user: z
      .object({
        username: z.string().default(''),
        uid: z.string().default(''),
        groups: z.array(z.string()).default([]),
        extra: z.record(z.string(), z.array(z.string())).default({}),
      })
      .optional(),
  }),
});

const accessSchema = z.object({ status: z.object({ allowed: z.boolean() }) });

/** A review that takes longer helps nobody: the caller's client has given up. */
const timeoutMs = 10_000;

/**
 * @param audience for whom the token must have been made; the API server's own if absent
 * @returns undefined if the token is not valid for this audience
 * @throws KubeError if the API server could not say
 */
export async function reviewToken(client: KubeClient, token: string, audience?: string): Promise<Identity | undefined> {
  const path = '/apis/authentication.k8s.io/v1/tokenreviews';
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: audience === undefined ? { token } : { token, audiences: [audience] },
  };
  const answer = await client.request({ method: 'POST', path, body, timeoutMs });
  const { status } = parseAnswer(answer, reviewSchema, 'TokenReview');
  if (!status.authenticated || status.user === undefined) return undefined;
  // An authenticator that knows no audiences answers without any: its yes is not a yes for ours.
  if (audience !== undefined && !status.audiences.includes(audience)) return undefined;
  return status.user;
}

export type AccessQuestion =
  | {
      readonly type: 'resource';
      readonly group: string;
      readonly resource: string;
      readonly verb: string;
      readonly name?: string;
      readonly subresource?: string;
      readonly namespace?: string;
    }
  | { readonly type: 'path'; readonly path: string; readonly verb: string };

/** @throws KubeError if the API server could not say */
export async function isAllowed(client: KubeClient, who: Identity, question: AccessQuestion): Promise<boolean> {
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
  const { type, ...attributes } = question;
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: who.username,
      uid: who.uid,
      groups: who.groups,
      extra: who.extra,
      ...(type === 'resource' ? { resourceAttributes: attributes } : { nonResourceAttributes: attributes }),
    },
  };
  const answer = await client.request({ method: 'POST', path, body, timeoutMs });
  return parseAnswer(answer, accessSchema, 'SubjectAccessReview').status.allowed;
}
