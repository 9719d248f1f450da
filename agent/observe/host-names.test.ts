import { beforeEach, expect, it } from 'vitest';
import { Recording } from '../../core/activity/testing/recording.ts';
import { type KernelEvent, Purpose } from '../../core/event/event.ts';
import type { DnsAnswer } from '../../core/event/network-events.ts';
import { Counters } from '../counters.ts';
import { HostNames } from './host-names.ts';

let counters: Counters;
let names: HostNames;
let recording: Recording;

beforeEach(() => {
  counters = new Counters();
  names = new HostNames(counters);
  recording = new Recording();
});

const record = (name: string, type: string, data: string, ttl = 60): DnsAnswer => ({ name, type, class: 1, ttl, data });

function answered(name: string, answers: readonly DnsAnswer[], by = recording): void {
  const [event] = by.dns(1, name, { direction: 'response' }).events.splice(0);
  if (event?.type !== 'dns') throw new Error('no answer was recorded');
  names.pass({ ...event, answers });
}

function connected(
  ip: string,
  { by = recording, purpose = Purpose.rules }: { by?: Recording; purpose?: number } = {},
): readonly string[] {
  const [event] = by.socket(1, 'connect', `${ip}:443`, { purpose }).events.splice(0);
  if (event === undefined) throw new Error('no connection was recorded');
  const passed = names.pass(event);
  return (passed.type === 'connect' && passed.hostnames) || [];
}

it('gives a connection the names that led to its address, the newest first', () => {
  answered('One.example', [record('oNe.example', 'A', '192.0.2.1'), record('one.example', 'A', '192.0.2.2')]);
  answered('two.example', [record('two.example', 'AAAA', '2001:db8::1'), record('two.example', 'A', '192.0.2.1')]);
  expect(connected('192.0.2.1')).toEqual(['two.example', 'one.example']);
  expect(connected('192.0.2.2')).toEqual(['one.example']);
  expect(connected('2001:db8::1')).toEqual(['two.example']);
  expect(connected('192.0.2.3')).toEqual([]);
  answered('one.example', [record('one.example', 'A', '192.0.2.1')]);
  expect(connected('192.0.2.1')).toEqual(['one.example', 'two.example']);
});

it('follows aliases back to what was asked, and believes nothing else that an answer says', () => {
  answered('www.example', [
    record('www.example', 'CNAME', 'Edge.example'),
    record('edge.example', 'CNAME', 'node7.example'),
    record('node7.example', 'A', '192.0.2.7'),
    record('bank.example', 'A', '192.0.2.8'),
    record('www.example', 'TXT', '192.0.2.9'),
  ]);
  expect(connected('192.0.2.7')).toEqual(['www.example']);
  expect([connected('192.0.2.8'), connected('192.0.2.9')]).toEqual([[], []]);
  answered('x.example', [
    record('a.example', 'CNAME', 'b.example'),
    record('b.example', 'CNAME', 'a.example'),
    record('b.example', 'A', '192.0.2.10'),
  ]);
  expect(connected('192.0.2.10')).toEqual([]);
});

it('keeps a name for as long as the answer says, at least a minute and at most a day', () => {
  answered('short.example', [record('short.example', 'A', '192.0.2.1', 0)]);
  answered('hour.example', [record('hour.example', 'A', '192.0.2.1', 3_600)]);
  answered('ever.example', [record('ever.example', 'A', '192.0.2.1', 2 ** 31)]);
  recording.wait(58);
  expect(connected('192.0.2.1')).toEqual(['ever.example', 'hour.example', 'short.example']);
  recording.wait(2);
  expect(connected('192.0.2.1')).toEqual(['ever.example', 'hour.example']);
  recording.wait(86_300);
  expect(connected('192.0.2.1')).toEqual(['ever.example']);
  recording.wait(100);
  expect(connected('192.0.2.1')).toEqual([]);
});

it('keeps containers apart, and nothing of one that is gone', () => {
  const other = new Recording(78n);
  answered('mine.example', [record('mine.example', 'A', '192.0.2.1')]);
  answered('theirs.example', [record('theirs.example', 'A', '192.0.2.1')], other);
  expect([connected('192.0.2.1'), connected('192.0.2.1', { by: other })]).toEqual([
    ['mine.example'],
    ['theirs.example'],
  ]);
  names.pass({ type: 'cgroup_rmdir', timestamp: other.now, cgroupId: 78n, parentCgroupId: 1n, path: '/x' });
  expect(connected('192.0.2.1', { by: other })).toEqual([]);
  expect(counters.toJSON()).toEqual({});
});

it('leaves events alone that no rule wants, and all others', () => {
  answered('one.example', [record('one.example', 'A', '192.0.2.1')]);
  expect(connected('192.0.2.1', { purpose: Purpose.learning })).toEqual([]);
  const others: KernelEvent[] = recording.exec(1, '/x').socket(1, 'listen', '192.0.2.1:80').dns(1, 'a.example').events;
  for (const event of others) expect(names.pass(event)).toBe(event);
});

it('bounds what one container makes it remember, and all of them together, and counts what it forgets', () => {
  const many = (from: number, count: number): DnsAnswer[] =>
    Array.from({ length: count }, (_, at) =>
      record('scan.example', 'A', `10.0.${(from + at) >> 8}.${(from + at) & 255}`),
    );
  const forgotten = (): number => counters.toJSON()['host_names_evicted_total'] ?? 0;
  answered('scan.example', many(0, 100));
  expect(forgotten()).toBe(0);
  answered('scan.example', many(100, 900));
  expect(forgotten()).toBeGreaterThan(800);
  expect(connected('10.0.3.231')).toEqual(['scan.example']);
  expect(connected('10.0.0.0')).toEqual([]);

  for (let at = 0; at < 20; at += 1) answered(`host-${at}.example`, [record(`host-${at}.example`, 'A', '10.9.9.9')]);
  expect(connected('10.9.9.9')).toHaveLength(8);
  expect(connected('10.9.9.9')[0]).toBe('host-19.example');

  for (let cgroup = 1_000n; cgroup < 1_256n; cgroup += 1n) {
    answered('one.example', [record('one.example', 'A', '192.0.2.1')], new Recording(cgroup));
  }
  expect(connected('10.9.9.9')).toEqual([]);
  // All that the first container was ever told, and nothing of the others.
  expect(forgotten()).toBe(1_000 + 20);
});
