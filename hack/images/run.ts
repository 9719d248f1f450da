import { spawn } from 'node:child_process';
import { env } from 'node:process';

/** The output that is kept for an error's message: enough for the last lines of apt or buildah. */
const tailBytes = 4096;

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a program to its end and returns its standard output. Fails with the command line, the exit code and the end of
 * what it wrote to standard error.
 */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const child = spawn(program, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let tail = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    tail = (tail + text).slice(-tailBytes);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-tailBytes);
  });
  const code = await new Promise<number | string>((resolve, reject) => {
    child.once('error', (error) => {
      reject(new Error(`cannot run ${program}: is it installed? ${error.message}`, { cause: error }));
    });
    child.once('close', (exitCode, signal) => {
      resolve(exitCode ?? signal ?? 'no status');
    });
  });
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${tail.trim()}`);
  return output;
}
