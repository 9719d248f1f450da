/** Reading a request's body within a limit that holds while it is read. */
import type { IncomingMessage } from 'node:http';
import { Problem } from './problem.ts';

/**
 * How much more than the limit is read and thrown away before the connection is cut: somebody who still sends does not read
 * the answer.
 */
const drained = 4;

export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
}

/**
 * @param limit in bytes
 * @throws BodyTooLargeError if the body is larger; Problem 400 if its end never came
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > limit * drained) throw new BodyTooLargeError(`${announced} bytes were announced`);
  const chunks: Buffer[] = [];
  let received = 0;
  try {
    for await (const chunk of request) {
      if (!Buffer.isBuffer(chunk)) throw new TypeError('a body without encoding comes in buffers');
      received += chunk.length;
      if (received <= limit) chunks.push(chunk);
      else chunks.length = 0;
      if (received > limit * drained) break;
    }
  } catch (error) {
    throw new Problem({ status: 400, code: 'incomplete-body', detail: 'the body ended too early' }, error);
  }
  if (received > limit) throw new BodyTooLargeError(`more than ${limit} bytes`);
  return Buffer.concat(chunks, received);
}
