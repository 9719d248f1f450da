/** A folder of `strace -ff` output, one file per thread, as one list of calls with who made them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { noteOf, parseLine, stringOf, unescape, type Call } from './parse-line.ts';
import { executableOf } from './resolve.ts';

export interface TracedCall extends Call {
  /** Canonical path of the program that made the call. */
  readonly executable: string;
  /** Working directory, as far as it showed. */
  readonly cwd: string;
  /** The same for all threads of a process, which share their descriptors. */
  readonly process: string;
}

interface Thread {
  executable: string;
  cwd: string;
  process: string;
}

const STARTS = new Set(['clone', 'clone3', 'fork', 'vfork']);

function readCalls(folder: string): (Call & { readonly thread: string })[] {
  const calls = readdirSync(folder).flatMap((file) => {
    const thread = file.slice(file.lastIndexOf('.') + 1);
    // Names that are not text are escaped: the files hold plain ASCII.
    const lines = readFileSync(join(folder, file), 'latin1').split('\n').filter(Boolean);
    return lines.flatMap((line) => {
      const call = parseLine(line);
      return call === undefined ? [] : [{ ...call, thread }];
    });
  });
  return calls.sort((a, b) => a.at - b.at);
}

/** The call's own working directory: with -y strace prints it wherever a path is relative to it. */
function shownCwd({ args }: Call): string | undefined {
  const shown = args.find((argument) => argument.startsWith('AT_FDCWD<'));
  return shown === undefined ? undefined : unescape(noteOf(shown)).toString();
}

function changedCwd({ name, args, result }: Call, cwd: string): string | undefined {
  if (result !== 0) return undefined;
  if (name === 'fchdir') return unescape(noteOf(args[0])).toString();
  if (name === 'chdir') return posix.resolve(cwd, stringOf(args[0])?.toString() ?? '');
  return undefined;
}

function executed({ name, args }: Call, { executable, cwd }: Thread): string {
  const [directory, path] = name === 'execveat' ? [noteOf(args[0]), args[1]] : [cwd, args[0]];
  const given = posix.resolve(directory, stringOf(path)?.toString() ?? '');
  return given === '/proc/self/exe' ? executable : given;
}

/**
 * @param root where the programs' root file system is mounted
 * @throws Error if a thread's first calls cannot be attributed.
 */
export function readTrace(folder: string, root: string): TracedCall[] {
  const threads = new Map<string, Thread>();
  const first: Thread = { executable: '', cwd: '/scratch', process: 'first' };
  return readCalls(folder).map((call) => {
    let thread = threads.get(call.thread);
    if (thread === undefined) {
      if (threads.size > 0) throw new Error(`thread ${call.thread} appears from nowhere with ${call.name}`);
      threads.set(call.thread, (thread = first));
    }
    thread.cwd = shownCwd(call) ?? changedCwd(call, thread.cwd) ?? thread.cwd;
    if (call.name.startsWith('execve') && call.result === 0)
      thread.executable = executableOf(root, executed(call, thread));
    if (STARTS.has(call.name) && (call.result ?? 0) > 0) {
      const child = String(call.result);
      const isThread = call.args.some((argument) => argument.includes('CLONE_THREAD'));
      threads.set(child, { ...thread, ...(!isThread && { process: child }) });
    }
    return { ...call, ...thread };
  });
}
