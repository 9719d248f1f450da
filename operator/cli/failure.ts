/** How a command ends. */

export const exitCodes = {
  done: 0,
  /** The answer is yes: profiles differ (with --exit-code). */
  found: 1,
  /** The command line is wrong. */
  usage: 2,
  /** What was asked for could not be done. */
  failed: 3,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** An end that a person can do something about: the message says what is wrong, the hint what to do. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;

  constructor(message: string, options: { hint?: string; exitCode?: ExitCode; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? exitCodes.failed;
  }
}

/** @param hint the right way to say it */
export function usage(message: string, hint?: string, cause?: unknown): Failure {
  return new Failure(message, { exitCode: exitCodes.usage, cause, ...(hint !== undefined && { hint }) });
}

/** The same, where other words on the command line would mend it. */
export function asUsage(failure: Failure, hint = failure.hint): Failure {
  const { usage: exitCode } = exitCodes;
  return new Failure(failure.message, { exitCode, cause: failure, ...(hint !== undefined && { hint }) });
}
