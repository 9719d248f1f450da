/** Workers that take keys from a queue and reconcile what they name. */
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { problemText } from './errors.ts';
import type { KubeMetrics } from './metrics.ts';
import type { WorkQueue } from './work-queue.ts';

/** Trying again changes nothing until somebody changes the object. Every other error is retried with back-off. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}

export interface ReconcileResult {
  /** Look at this key again after so many milliseconds, without counting it as a failure. */
  readonly requeueAfterMs?: number;
}

export interface ControllerOptions {
  /** Label of metrics and logs. */
  readonly name: string;
  readonly queue: WorkQueue;
  /** Keys that may be reconciled at the same time. */
  readonly workers: number;
  /** Brings the world in line with the object of this key. `signal` aborts when the controller stops. */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<ReconcileResult>;
  readonly clock: Clock;
  readonly metrics: Pick<KubeMetrics, 'reconciles' | 'reconcileSeconds'>;
  readonly log: Logger;
}

/** Works until `signal` aborts; resolves when the last reconciliation has ended. Never rejects. */
export async function runController(options: ControllerOptions, signal: AbortSignal): Promise<void> {
  const close = (): void => options.queue.close();
  if (signal.aborted) return close();
  signal.addEventListener('abort', close, { once: true });
  await Promise.all(Array.from({ length: options.workers }, () => work(options, signal)));
  signal.removeEventListener('abort', close);
}

async function work(options: ControllerOptions, signal: AbortSignal): Promise<void> {
  const { queue, name, clock, metrics } = options;
  for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
    const started = clock.monotonic();
    const result = await reconcileOnce(options, key, signal);
    queue.done(key);
    metrics.reconciles.inc({ controller: name, result });
    metrics.reconcileSeconds.observe({ controller: name }, (clock.monotonic() - started) / 1_000);
  }
}

type Outcome = 'success' | 'requeued' | 'error' | 'terminal';

async function reconcileOnce(options: ControllerOptions, key: string, signal: AbortSignal): Promise<Outcome> {
  const { queue, name, log } = options;
  try {
    const { requeueAfterMs } = await options.reconcile(key, signal);
    queue.forget(key);
    if (requeueAfterMs === undefined) return 'success';
    queue.addAfter(key, requeueAfterMs);
    return 'requeued';
  } catch (error) {
    if (error instanceof TerminalError) {
      queue.forget(key);
      log.error({ controller: name, key, problem: problemText(error) }, 'not retried until the object changes');
      return 'terminal';
    }
    queue.addRateLimited(key);
    if (!signal.aborted) log.warn({ controller: name, key, err: error }, 'reconciliation failed, will be retried');
    return 'error';
  }
}
