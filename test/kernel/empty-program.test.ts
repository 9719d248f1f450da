import { onTestFinished } from 'vitest';
import { attachEmptyProgram } from '../../hack/bench/empty-program.ts';
import { otherTracers } from '../../hack/bench/tracers.ts';
import { test } from './kernel-test.ts';

const self = (): string[] => otherTracers().filter((tracer) => tracer.endsWith(`(${process.pid})`));

test.for(['raw', 'classic'] as const)(
  'the program that benchmarks compare with listens to system calls, until it is detached: %s hook',
  (hook, { kernel, expect }) => {
    kernel.capture.close();
    expect(self()).toEqual([]);
    const detach = attachEmptyProgram(hook, kernel.tracefs);
    onTestFinished(() => detach());
    expect(self()).toHaveLength(1);
    detach();
    expect(self()).toEqual([]);
  },
);
