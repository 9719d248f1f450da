/**
 * One watch on client-node's Watch, turned into a promise. What has to be known about that class: it ends a connection that
 * was quiet for 30 s with a TimeoutError; it reports the end once, by callback, but rejects if credentials cannot be had; it
 * hands out its AbortController only after the answer's head came; it swallows what the callback throws.
 */
import { Watch, type KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import type { WatchRequest } from './client.ts';
import { errorOf, KubeError, problemText, RetryableError, statusSchema } from './errors.ts';

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: unknown;
}

const eventType = z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']);

/** The body of an `ERROR` event is a Status; its code is what the HTTP status would have been. */
function errorEvent(object: unknown, what: string): KubeError {
  const status = statusSchema.safeParse(object);
  return errorOf(status.data?.code ?? 500, JSON.stringify(status.data ?? {}), what);
}

const failedRequest = z.object({ statusCode: z.number().int() });

function endOf(error: unknown, what: string): KubeError | undefined {
  if (error === null || error === undefined) return undefined;
  if (error instanceof KubeError) return error;
  if (error instanceof Error && error.name === 'TimeoutError') return undefined;
  const refused = failedRequest.safeParse(error);
  if (refused.success) return errorOf(refused.data.statusCode, problemText(error), what);
  return new RetryableError(`${what}: ${problemText(error)}`, 0, '', { cause: error });
}

/** As {@link KubeClient.watch}. What `onEvent` throws ends the watch with that error. */
export function watchPath(
  config: KubeConfig,
  request: WatchRequest,
  onEvent: (event: WatchEvent) => void,
): Promise<void> {
  const what = `WATCH ${request.path}`;
  const stop = new AbortController();
  return new Promise((resolve, reject) => {
    let ended = false;
    const finish = (error: unknown): void => {
      if (ended) return;
      ended = true;
      stop.abort();
      request.signal.removeEventListener('abort', onAbort);
      const problem = request.signal.aborted ? undefined : endOf(error, what);
      if (problem === undefined) resolve();
      else reject(problem);
    };
    const onAbort = (): void => finish(undefined);
    if (request.signal.aborted) return onAbort();
    request.signal.addEventListener('abort', onAbort, { once: true });

    const onLine = (type: string, object: unknown): void => {
      if (ended) return;
      try {
        if (type === 'ERROR') throw errorEvent(object, what);
        const known = eventType.safeParse(type);
        if (known.success) onEvent({ type: known.data, object });
      } catch (error) {
        finish(error);
      }
    };
    const open = async (): Promise<void> => {
      const connection = await new Watch(config).watch(request.path, { ...request.query }, onLine, finish);
      if (ended) connection.abort();
      else stop.signal.addEventListener('abort', () => connection.abort(), { once: true });
    };
    open().catch(finish);
  });
}
