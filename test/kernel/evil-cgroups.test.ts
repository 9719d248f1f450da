/** A container that may make cgroups of its own, and makes too many. */
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { test } from './kernel-test.ts';
import { eventsOf, makeCgroup } from './observed-cgroup.ts';

const NESTED_MAX = 1024;

test('cgroups beyond a limit are a counted loss of their container, and of no other', async ({ kernel }) => {
  const { capture } = kernel;
  const greedy = makeCgroup(capture);
  const modest = makeCgroup(capture);
  capture.observe(greedy.id);
  const paths = Array.from({ length: NESTED_MAX - 1 }, (_, index) => join(greedy.path, `n${index}`));
  for (const path of paths) mkdirSync(path);
  const last = greedy.child('last');
  const beyond = greedy.child('beyond');
  expect(capture.lossesOf(greedy.id).mapFull).toBe(1);
  expect(eventsOf((await last.run('/bin/true')).events, 'exec')).toMatchObject([{ cgroupId: greedy.id }]);
  expect((await beyond.run('/bin/true')).events).toEqual([]);

  capture.observe(modest.id);
  const inner = modest.child('inner');
  expect(eventsOf((await inner.run('/bin/true')).events, 'exec')).toMatchObject([{ cgroupId: modest.id }]);
  expect(capture.lossesOf(modest.id).mapFull).toBe(0);

  // Those that go make room for others.
  for (const path of paths) rmdirSync(path);
  const later = greedy.child('later');
  expect(eventsOf((await later.run('/bin/true')).events, 'exec')).toMatchObject([{ cgroupId: greedy.id }]);
  expect(capture.lossesOf(greedy.id).mapFull).toBe(1);
  capture.ignore(greedy.id);
  capture.ignore(modest.id);
  await Promise.all([greedy.remove(), modest.remove()]);
});
