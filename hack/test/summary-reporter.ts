/**
 * Ends a test run with one line, `N passed, N failed, N skipped`, behind everything else that is printed, and lists before
 * it what failed by name (a log that was cut still says it) and every skip with its reason. A skip without a reason fails
 * the run: nobody could tell whether it is meant.
 */
import { writeSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: string): TestCase[] => tests.filter((test) => test.result().state === state);
    const brokenModules = modules.filter((module) => module.errors().length > 0).length;
    const skipped = inState('skipped').map((test) => {
      const result = test.result();
      return {
        name: `${test.module.relativeModuleId} > ${test.fullName}`,
        reason: 'note' in result ? result.note : undefined,
      };
    });
    const unexplained = skipped.filter(({ reason }) => reason === undefined).length;
    const failed = inState('failed').length + brokenModules + errors.length + unexplained;
    const lines = [
      ...modules
        .filter((module) => module.errors().length > 0)
        .map((module) => `failed: ${module.relativeModuleId} as a whole`),
      ...inState('failed').map((test) => `failed: ${test.module.relativeModuleId} > ${test.fullName}`),
      ...skipped.map(
        ({ name, reason }) => `skipped: ${name}: ${reason ?? 'NO REASON GIVEN (use context.skip("reason"))'}`,
      ),
      `${inState('passed').length} passed, ${failed} failed, ${skipped.length} skipped`,
    ];
    if (failed > 0) process.exitCode = 1;
    process.on('exit', () => writeSync(1, `${lines.join('\n')}\n`));
  }
}
