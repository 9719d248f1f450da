import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import type { KubeRequest } from './client.ts';
import { RetryableError } from './errors.ts';
import { EventRecorder, type ObjectEvent } from './event-recorder.ts';
import { createKubeMetrics } from './metrics.ts';
import { nodes } from './resource.ts';

const noted = (note: string): ObjectEvent => ({
  resource: nodes,
  regarding: { name: 'n1' },
  type: 'Normal',
  reason: 'Seen',
  action: 'See',
  note,
});

function makeRecorder(answer: () => unknown = () => ({})) {
  const clock = new FakeClock();
  const metrics = createKubeMetrics(new Registry());
  const sent: KubeRequest[] = [];
  const client = {
    watch: () => Promise.resolve(),
    request: async (request: KubeRequest) => {
      sent.push(request);
      return answer();
    },
  };
  const log = pino({ level: 'silent' });
  const recorder = new EventRecorder({
    client,
    controller: 'c',
    instance: 'i',
    clock,
    random: () => 0.5,
    metrics,
    log,
  });
  const outcomes = async (): Promise<string[]> =>
    (await metrics.eventsSent.get()).values.map(({ labels, value }) => `${value} ${labels.outcome}`);
  return { clock, recorder, sent, outcomes };
}

describe('EventRecorder', () => {
  it('sends the same Event once in ten minutes', async () => {
    const { clock, recorder, sent, outcomes } = makeRecorder();
    for (let i = 0; i < 5; i += 1) await recorder.record(noted('a'));
    expect(sent).toHaveLength(1);
    await clock.advance(600_001);
    await recorder.record(noted('a'));
    expect(await outcomes()).toEqual(['2 sent', '4 repeated']);
  });

  it('sends no more than a burst and then one in two seconds', async () => {
    const { clock, recorder, outcomes } = makeRecorder();
    for (let i = 0; i < 100; i += 1) await recorder.record(noted(`note ${i}`));
    expect(await outcomes()).toEqual(['50 sent', '50 limited']);
    await clock.advance(5_000);
    for (let i = 0; i < 100; i += 1) await recorder.record(noted(`note ${i + 100}`));
    expect(await outcomes()).toEqual(['52 sent', '148 limited']);
  });

  it('counts what could not be sent and goes on', async () => {
    const { recorder, outcomes } = makeRecorder(() => {
      throw new RetryableError('down', 0, '');
    });
    await recorder.record(noted('a'));
    expect(await outcomes()).toEqual(['1 failed']);
  });

  it('cuts the note at the limit of the API, between characters', async () => {
    const { recorder, sent } = makeRecorder();
    await recorder.record(noted(`x${'ä'.repeat(2_000)}`));
    expect(sent[0]?.body).toMatchObject({ note: `x${'ä'.repeat(511)}`, metadata: { namespace: 'default' } });
  });
});
