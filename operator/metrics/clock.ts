import { Gauge, type Registry } from 'prom-client';
import type { Clock } from '../clock.ts';

export function createClockMetrics(registry: Registry, clock: Pick<Clock, 'now' | 'settled'>): void {
  void new Gauge({
    name: 'clock_jump_seconds',
    help: 'How far the clock has jumped that is not believed yet: for an hour nothing is sealed or dropped by the new time. Usually 0.',
    registers: [registry],
    collect() {
      this.set((clock.now() - clock.settled()) / 1_000);
    },
  });
}
