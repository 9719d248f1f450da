/** One command from its words to its exit code. */
import { CommanderError } from 'commander';
import { ForbiddenError, KubeError, RetryableError } from '../kube/errors.ts';
import type { Context } from './context.ts';
import { exitCodes, type ExitCode, Failure } from './failure.ts';
import { paint } from './output/paint.ts';
import { safe } from './output/safe.ts';
import { createProgram } from './program.ts';

/** @param words without the program's own name */
export async function run(words: readonly string[], context: Context): Promise<ExitCode> {
  let code: ExitCode = exitCodes.done;
  const program = createProgram(context, (other) => (code = other));
  try {
    await program.parseAsync(words, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return commandLine(error);
    return report(error, context);
  }
}

/** Commander has said what is wrong. */
function commandLine({ code, exitCode }: CommanderError): ExitCode {
  const asked = code === 'commander.helpDisplayed' || code === 'commander.version';
  return exitCode === 0 || asked ? exitCodes.done : exitCodes.usage;
}

function report(error: unknown, { terminal }: Context): ExitCode {
  const { message, hint, exitCode } = asFailure(error);
  terminal.warn(`${paint(terminal.colours)('red', 'error:')} ${safe(message)}`);
  if (hint !== undefined) terminal.warn(`  ${safe(hint)}`);
  return exitCode;
}

function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof KubeError) return new Failure(error.message, { cause: error, ...hintOf(error) });
  return new Failure(error instanceof Error ? error.message : String(error), { cause: error });
}

function hintOf(error: KubeError): { hint?: string } {
  if (error.status === 401) return { hint: 'the API server does not know you: log in again (kubectl auth whoami)' };
  if (error instanceof ForbiddenError) {
    return { hint: 'ask for a role that grants it; workload-security-viewer lets people read profiles' };
  }
  if (error instanceof RetryableError && error.status === 0) {
    return { hint: 'cannot reach the API server: does kubectl cluster-info answer?' };
  }
  return {};
}
