/** Which program a process runs: what tells one process node from another under the same parent. */
import { interpretedProgram } from './interpreter.ts';
import { printable } from './printable.ts';
import { reduceExecutable } from './reduce-path.ts';

export interface ProcessIdentity {
  /** Canonical path, see {@link reduceExecutable}. */
  readonly executable: string;
  readonly applet?: string;
  readonly script?: string;
  readonly inline?: true;
}

/** What is known of a program that was executed: from an exec event, or from /proc. */
export interface Execution {
  readonly executable: string;
  /**
   * It runs in another mount namespace than its container: whoever made that one chose what its paths lead to, so
   * `/usr/bin/env` there is any program at all.
   */
  readonly ownMounts?: boolean;
  /** Name handed to execve; unknown for a process found in /proc. */
  readonly filename?: string;
  readonly argv: readonly string[];
}

const maxScriptLength = 4_096;
const maxAppletLength = 256;

/** One binary under many names; distributions add suffixes (`busybox.nosuid`, `busybox-static`). */
const multiCall = /^(?:busybox|toybox|coreutils)(?:[.-].*)?$/;
/** One binary whose links are servers and tools alike; which of the names is the file differs between distributions. */
const redis = /^redis-(?:server|sentinel|check-rdb|check-aof)$/;

/** `executable` of a process whose file has no path, such as one executed from an anonymous inode. */
const anonymous = '{anonymous}';

/** Before the `executable` of a process with a mount namespace of its own. Paths begin with a slash, so it can be no part of one. */
const ownMountsMark = '{mounts}';

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** `sh`, `-sh` (a login shell), `busybox sh` and `coreutils --coreutils-prog=ls` all name their applet. */
function appletOf(argv: readonly string[]): { readonly applet?: string; readonly argv: readonly string[] } {
  const called = baseName(argv[0] ?? '').replace(/^-/, '');
  if (called !== '' && !multiCall.test(called)) return { applet: called, argv };
  const chosen = baseName((argv[1] ?? '').replace(/^--coreutils-prog(?:-shebang)?=/, ''));
  return chosen === '' || chosen.startsWith('-') ? { argv } : { applet: chosen, argv: argv.slice(1) };
}

function calledAs(name: string, argv: readonly string[]): ReturnType<typeof appletOf> {
  if (multiCall.test(name)) return appletOf(argv);
  const called = baseName(argv[0] ?? '');
  return redis.test(name) && redis.test(called) && called !== name ? { applet: called, argv } : { argv };
}

/**
 * The kernel runs `#! interpreter [option]` as `interpreter [option] script …`, and only then keeps the script's name as
 * the file name of the call. A link to an executable also has another file name, but does not repeat it.
 */
function shebangScript({ executable, filename, argv }: Execution): string | undefined {
  if (filename === undefined || filename === executable) return undefined;
  return argv[1] === filename || argv[2] === filename ? filename : undefined;
}

function shownScript(script: string): string {
  return reduceExecutable(printable(script.replace(/^(?:\.\/)+(?=.)/, ''), maxScriptLength));
}

export function identify(execution: Execution): ProcessIdentity {
  const reduced = execution.executable === '' ? anonymous : reduceExecutable(execution.executable);
  const executable = execution.ownMounts === true ? `${ownMountsMark}${reduced}` : reduced;
  const name = baseName(execution.executable);
  const { applet, argv } = calledAs(name, execution.argv);
  const shebang = shebangScript(execution);
  const program = shebang === undefined ? interpretedProgram(applet ?? name, argv) : { script: shebang };
  return {
    executable,
    ...(applet === undefined ? {} : { applet: printable(applet, maxAppletLength) }),
    ...(program.script === undefined ? {} : { script: shownScript(program.script) }),
    ...(program.inline === undefined ? {} : { inline: program.inline }),
  };
}

/** Equal exactly for equal identities; NUL stands in no path. */
export function identityKey({ executable, applet = '', script = '', inline }: ProcessIdentity): string {
  return `${executable}\0${applet}\0${script}\0${inline === true ? 'i' : ''}`;
}
