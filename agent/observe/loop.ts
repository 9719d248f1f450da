/** The loop that empties the ring buffer and keeps time for the observer. */
import { setImmediate } from 'node:timers/promises';
import type { DesiredState } from '../../core/wire/agent.ts';
import type { KernelEvent } from '../../core/event/event.ts';
import type { Counters } from '../counters.ts';
import type { Capture } from '../kernel/capture.ts';
import type { Log } from '../log.ts';
import { HostNames } from './host-names.ts';
import type { Observer } from './observer.ts';

/** The kernel side wakes the reader when a container starts or 64 KiB wait; the rest can wait for this long. */
const waitMs = 500;
/** About 10 ms of work; then requests and timers have their turn. */
const eventsPerTurn = 4_096;
/**
 * The smallest records have 64 bytes, so a ring of 2 MiB holds 32,768, eight turns: after sixteen, all that waited at the
 * beginning is read, however fast more comes, and a flood delays nothing else for longer than that.
 */
const turnsAtOnce = 16;

export interface LoopParts {
  readonly capture: Capture;
  readonly observer: Observer;
  readonly counters: Counters;
  readonly log: Log;
  /** What the operator wishes last; taken up once all events before are read, which belong to the periods that it ends. */
  readonly desired: () => DesiredState;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Called at each turn: who hears nothing for long knows that the loop hangs. */
  readonly turned: () => void;
}

/** One event that cannot be handled must not end the observation of all others. */
function createSink({ observer, counters, log }: LoopParts): (event: KernelEvent) => void {
  const names = new HostNames(counters);
  return (event) => {
    try {
      observer.handle(names.pass(event));
    } catch (error) {
      counters.add('events_failed_total');
      log.error({ err: error, type: event.type, cgroup: String(event.cgroupId) }, 'event could not be handled');
    }
  };
}

async function drainAll(parts: LoopParts, sink: (event: KernelEvent) => void): Promise<void> {
  for (let turn = 0; turn < turnsAtOnce; turn += 1) {
    const drained = parts.capture.drain(sink, eventsPerTurn);
    parts.counters.add('events_total', drained);
    parts.turned();
    if (drained < eventsPerTurn) return;
    // One turn after another, with a breath in between.
    await setImmediate();
  }
}

/** Runs until `signal` is aborted; then what is left in the ring is read and periods are cut short. */
export async function observe(parts: LoopParts, signal: AbortSignal): Promise<void> {
  const { capture, observer, now } = parts;
  const sink = createSink(parts);
  while (!signal.aborted) {
    await capture.wait(waitMs);
    await drainAll(parts, sink);
    const desired = parts.desired();
    if (desired !== observer.desired) observer.desire(desired, now());
    observer.tick(now());
  }
  capture.drain(sink);
  observer.stop(now());
}
