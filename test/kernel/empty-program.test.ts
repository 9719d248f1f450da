import { onTestFinished } from 'vitest';
import { attachEmptyProgram } from '../../hack/bench/empty-program.ts';
import { otherTracers } from '../../hack/bench/tracers.ts';
import { test } from './kernel-test.ts';

const self = (): string[] => otherTracers().filter((tracer) => tracer.endsWith(`(${process.pid})`));

test('the program that benchmarks compare with listens to system calls, until it is detached', ({ kernel, expect }) => {
  kernel.capture.close();
  expect(self()).toEqual([]);
  const detach = attachEmptyProgram(kernel.tracefs);
  onTestFinished(() => detach());
  expect(self()).toHaveLength(1);
  detach();
  expect(self()).toEqual([]);
});
