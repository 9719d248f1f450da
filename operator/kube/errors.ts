/** What the API server's refusals mean to a caller. Every request of this folder fails with one of these. */
import { z } from 'zod';

export abstract class KubeError extends Error {
  /** HTTP status; 0 if there was no answer. */
  readonly status: number;
  /** The API server's machine-readable reason, such as `AlreadyExists`; empty if it gave none. */
  readonly reason: string;

  constructor(message: string, status: number, reason: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.status = status;
    this.reason = reason;
  }
}

/** The object, or its whole kind, does not exist. */
export class NotFoundError extends KubeError {}
/** Somebody else changed or created the object meanwhile: read again. */
export class ConflictError extends KubeError {}
/** The API server will never accept this object; the message says why. */
export class InvalidError extends KubeError {}
/** Our own rights do not allow it. */
export class ForbiddenError extends KubeError {}
/** The resource version or page is no longer kept: list again. */
export class GoneError extends KubeError {}
/** No answer, or one that may be better next time. */
export class RetryableError extends KubeError {
  /** How long the API server asked us to stay away, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, status: number, reason: string, options?: ErrorOptions & { retryAfterMs?: number }) {
    super(message, status, reason, options);
    this.retryAfterMs = options?.retryAfterMs;
  }
}

/** The part of a `Status` object that says what went wrong. */
export const statusSchema = z.object({
  code: z.number().optional(),
  reason: z.string().default(''),
  message: z.string().default(''),
});

function parseStatus(body: string): z.infer<typeof statusSchema> {
  try {
    const parsed = statusSchema.safeParse(JSON.parse(body));
    if (parsed.success) return parsed.data;
  } catch {
    // A proxy's HTML page, or the API server's plain text: the beginning is all that helps.
  }
  return { reason: '', message: body.slice(0, 200) };
}

/**
 * @param what method and path, for the message
 * @param retryAfter value of the Retry-After header, in seconds
 */
export function errorOf(status: number, body: string, what: string, retryAfter?: string): KubeError {
  const { reason, message } = parseStatus(body);
  const text = `${what}: ${status} ${message === '' ? reason : message}`;
  switch (status) {
    case 404:
      return new NotFoundError(text, status, reason);
    case 409:
      return new ConflictError(text, status, reason);
    case 401:
    case 403:
      return new ForbiddenError(text, status, reason);
    case 410:
      return new GoneError(text, status, reason);
    case 429:
      return retryable(text, status, reason, retryAfter);
    default:
      return status >= 500 ? retryable(text, status, reason, retryAfter) : new InvalidError(text, status, reason);
  }
}

function retryable(text: string, status: number, reason: string, retryAfter: string | undefined): RetryableError {
  const seconds = Number(retryAfter);
  const wanted = retryAfter !== undefined && Number.isFinite(seconds) && seconds >= 0;
  return new RetryableError(text, status, reason, wanted ? { retryAfterMs: seconds * 1_000 } : {});
}

/** Short, bounded text of anything that was thrown. */
export function problemText(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 1_000);
}
