import { Counter, Gauge, type Registry } from 'prom-client';
import { endCodes, reasonCodes } from '../scheduling/reason.ts';
import type { Scheduler } from '../scheduling/scheduler.ts';
import type { Clock } from '../clock.ts';
import { imageReasons, imageView } from '../scheduling/image-view.ts';

export type SchedulingSource = Pick<Scheduler, 'counts' | 'nodeCounts' | 'reasons'>;

/** Slots and why containers have them or not. Read from the scheduler when somebody asks; nodes are those of the cluster. */
export function createSchedulingMetrics(
  registry: Registry,
  scheduler: SchedulingSource,
  clock: Pick<Clock, 'monotonic'>,
): void {
  const registers = [registry];
  const counter = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    read: (counter: Counter<Label>) => void,
  ): Counter<Label> =>
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        read(this);
      },
    });

  void new Gauge({
    name: 'profiling_slots',
    help: 'Slots that are given, by node.',
    labelNames: ['node'],
    registers,
    collect() {
      this.reset();
      for (const { node, slots } of scheduler.nodeCounts()) this.set({ node }, slots);
    },
  });
  void new Gauge({
    name: 'profiling_containers',
    help: 'Containers that run or are reported, each once, by why they are profiled or not.',
    labelNames: ['reason'],
    registers,
    collect() {
      const { all } = scheduler.reasons();
      for (const reason of reasonCodes) this.set({ reason }, all.get(reason) ?? 0);
    },
  });
  void new Gauge({
    name: 'profiling_images',
    help: 'Images with such containers, by why these are watched or not, as in status.scheduling of profiles.',
    labelNames: ['reason'],
    registers,
    collect() {
      for (const reason of imageReasons) this.set({ reason }, 0);
      for (const counts of scheduler.reasons().byImage.values()) this.inc({ reason: imageView(counts, false).reason });
    },
  });
  void new Gauge({
    name: 'profiling_longest_wait_seconds',
    help: 'For how long the container has waited for a slot that waits longest; 0 if none does.',
    registers,
    collect() {
      const { waitingSince } = scheduler.reasons();
      this.set(waitingSince === undefined ? 0 : Math.max(0, (clock.monotonic() - waitingSince) / 1_000));
    },
  });
  void new Gauge({
    name: 'probes_left_out',
    help: 'Containers whose probes agents are not told, being beyond 1,000 on a node: these count as injected by others.',
    registers,
    collect() {
      this.set(scheduler.nodeCounts().reduce((sum, { probesLeftOut }) => sum + probesLeftOut, 0));
    },
  });
  void new Gauge({
    name: 'profiles_left_out',
    help: 'Compiled profiles that agents are not told to hold, being beyond 256 or 32 MiB on a node.',
    registers,
    collect() {
      this.set(scheduler.nodeCounts().reduce((sum, { profilesLeftOut }) => sum + profilesLeftOut, 0));
    },
  });
  void new Gauge({
    name: 'agents',
    help: 'Nodes whose agents have reported, by whether they can profile now.',
    labelNames: ['state'],
    registers,
    collect() {
      const counts = scheduler.nodeCounts();
      const ready = counts.filter((node) => node.ready).length;
      this.set({ state: 'ready' }, ready);
      this.set({ state: 'not-ready' }, counts.length - ready);
    },
  });
  counter(
    'profiling_grants_total',
    'Slots by what became of them: granted, adopted, completed.',
    ['event'],
    (metric) => {
      const { granted, adopted, completed } = scheduler.counts();
      metric.inc({ event: 'granted' }, granted);
      metric.inc({ event: 'adopted' }, adopted);
      metric.inc({ event: 'completed' }, completed);
    },
  );
  counter(
    'profiling_watched_seconds_total',
    'Time that containers were profiled; its rate beside the number of profiling_containers is the part of their time.',
    [],
    (metric) => metric.inc(scheduler.counts().watchedMs / 1_000),
  );
  counter('profiling_grants_ended_total', 'Slots that ended before their snapshot arrived.', ['reason'], (metric) => {
    const { ended } = scheduler.counts();
    for (const reason of endCodes) metric.inc({ reason }, ended.get(reason) ?? 0);
  });
  counter('profiling_grants_forgotten_total', 'Ended slots forgotten early: their table was full.', [], (metric) =>
    metric.inc(scheduler.counts().grantsForgotten),
  );
  counter('nodes_refused_total', 'Reports of nodes beyond the number that scheduling holds.', [], (metric) =>
    metric.inc(scheduler.counts().nodesRefused),
  );
  counter('lost_periods_total', 'Periods cut short by the end of an agent, by result.', ['result'], (metric) => {
    for (const [result, count] of scheduler.counts().lostPeriods) metric.inc({ result }, count);
  });
}
