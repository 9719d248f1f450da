/**
 * Kubernetes Events about objects, for people who `kubectl describe`. Best effort: an Event that cannot be sent is counted,
 * never waited for.
 */
import type { Logger } from 'pino';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { KubeClient } from './client.ts';
import { problemText } from './errors.ts';
import type { KubeMetrics } from './metrics.ts';
import { createObject } from './objects.ts';
import { apiVersion, events, type ObjectName, type Resource } from './resource.ts';

/** What happened. Made by a function per reason, beside the controller that knows it, never inline. */
export interface ObjectEvent {
  readonly resource: Resource;
  readonly regarding: ObjectName & { readonly uid?: string; readonly resourceVersion?: string };
  readonly type: 'Normal' | 'Warning';
  /** Machine-readable, UpperCamelCase, such as `ProfileSealed`. */
  readonly reason: string;
  /** What we did or tried, UpperCamelCase, such as `Seal`. */
  readonly action: string;
  /** For people; cut at the API's limit of 1,024 bytes. */
  readonly note: string;
}

export interface EventRecorderOptions {
  readonly client: KubeClient;
  /** Qualified name of who reports, such as `workloadsecurity.dev/operator`. */
  readonly controller: string;
  /** Pod name. */
  readonly instance: string;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly metrics: Pick<KubeMetrics, 'eventsSent'>;
  readonly log: Logger;
}

/** The same Event about the same object is not sent again within this time. */
const repeatMs = 10 * 60_000;
/** Remembered Events: 4,096 of 200 bytes are below 1 MB. */
const remembered = 4_096;
/** All objects together: a burst of 50, then one in two seconds; etcd keeps each for an hour, so at most 1,850 of ours. */
const burst = 50;
const refillMs = 2_000;

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #recent: LRUCache<string, true>;
  #tokens = burst;
  #refilledAt: number;

  constructor(options: EventRecorderOptions) {
    const { clock } = options;
    this.#options = options;
    this.#refilledAt = clock.monotonic();
    this.#recent = new LRUCache({
      max: remembered,
      ttl: repeatMs,
      perf: { now: () => clock.monotonic() },
      ttlResolution: 0,
    });
  }

  /** Sends the Event unless it is a repetition or there were too many; resolves when that is done. Never rejects. */
  async record(event: ObjectEvent): Promise<void> {
    const { metrics, log } = this.#options;
    const key = [event.resource.kind, event.regarding.namespace, event.regarding.name, event.reason, event.note].join(
      '\0',
    );
    if (this.#recent.has(key)) return metrics.eventsSent.inc({ outcome: 'repeated' });
    if (!this.#takeToken()) return metrics.eventsSent.inc({ outcome: 'limited' });
    this.#recent.set(key, true);
    try {
      await createObject(this.#options.client, events, this.#body(event), z.object({}));
      metrics.eventsSent.inc({ outcome: 'sent' });
    } catch (error) {
      metrics.eventsSent.inc({ outcome: 'failed' });
      log.warn(
        { reason: event.reason, regarding: event.regarding.name, problem: problemText(error) },
        'event not sent',
      );
    }
  }

  #takeToken(): boolean {
    const now = this.#options.clock.monotonic();
    const refilled = Math.floor((now - this.#refilledAt) / refillMs);
    this.#tokens = Math.min(burst, this.#tokens + refilled);
    this.#refilledAt += refilled * refillMs;
    if (this.#tokens <= 0) return false;
    this.#tokens -= 1;
    return true;
  }

  #body(event: ObjectEvent) {
    const { clock, random, controller, instance } = this.#options;
    const now = clock.now();
    // The API wants Events about cluster-scoped objects in `default`.
    const namespace = event.regarding.namespace ?? 'default';
    const unique = `${now.toString(16)}${Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')}`;
    return {
      metadata: { namespace, name: `${event.regarding.name.slice(0, 200)}.${unique}` },
      eventTime: new Date(now).toISOString().replace('Z', '000Z'),
      type: event.type,
      reason: event.reason,
      action: event.action,
      note: Buffer.from(event.note)
        .subarray(0, 1_024)
        .toString('utf8')
        .replace(/\uFFFD+$/u, ''),
      reportingController: controller,
      reportingInstance: instance,
      regarding: { apiVersion: apiVersion(event.resource), kind: event.resource.kind, ...event.regarding },
    };
  }
}
