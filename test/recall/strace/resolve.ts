/** Paths as they are in a root file system that is mounted somewhere else. */
import { closeSync, openSync, readlinkSync, readSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

/** ELOOP is given after as many. */
const MAX_LINKS = 40;

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // No link, or gone by now: then its name is as canonical as it can be.
    return undefined;
  }
}

/** `path`, absolute, without symbolic links, as a program whose root is `root` sees it. */
export function resolvePath(root: string, path: string, links = 0): string {
  let done = '/';
  const rest = path.split('/').filter((part) => part !== '' && part !== '.');
  for (const [index, part] of rest.entries()) {
    if (part === '..') {
      done = dirname(done);
      continue;
    }
    const next = posix.join(done, part);
    const target = linkTarget(join(root, next));
    if (target !== undefined && links < MAX_LINKS) {
      return resolvePath(root, posix.join(posix.resolve(done, target), ...rest.slice(index + 1)), links + 1);
    }
    done = next;
  }
  return done;
}

/** The same, but the last component is taken as it is: what unlink and rename act on. */
export function resolveParent(root: string, path: string): string {
  return posix.join(resolvePath(root, posix.dirname(path)), posix.basename(path));
}

/** First line of a script behind `#!`, or undefined. */
function interpreterOf(path: string): string | undefined {
  try {
    const fd = openSync(path, 'r');
    try {
      const head = Buffer.alloc(256);
      const text = head.subarray(0, readSync(fd, head)).toString('latin1');
      return /^#![ \t]*([^ \t\n]+)/.exec(text)?.[1];
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

/** What the kernel runs when `path` is executed: the file, or the interpreter that its first line names. */
export function executableOf(root: string, path: string): string {
  const file = resolvePath(root, path);
  const interpreter = interpreterOf(join(root, file));
  return interpreter === undefined ? file : executableOf(root, interpreter);
}
