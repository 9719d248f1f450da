/**
 * Finds a container's OCI bundle without the runtime's socket, by way of the process that supervises it: the parent of the
 * container's first process.
 *
 * - containerd, Docker: the shim's working directory is the bundle of the pod's first container (the sandbox), those of
 *   the others lie beside it, wherever the runtime keeps its state.
 * - CRI-O: conmon is told the bundle in its arguments. conmon-rs, of which there is one for a pod, is told the folder of the
 *   pod's sandbox; those of its containers lie beside it.
 */
import { readFileSync, statSync } from 'node:fs';
import { identityFrom, type RuntimeIdentity } from './annotations.ts';

/** A configuration has some 30 KB; larger than this is none. */
const maxConfigBytes = 1024 * 1024;

export type Lookup =
  { readonly found: true; readonly identity: RuntimeIdentity } | { readonly found: false; readonly reason: string };

function commandLine(hostProc: string, pid: number): string[] {
  return readFileSync(`${hostProc}/${pid}/cmdline`, 'utf8').split('\0');
}

/** Value of the first of these options that is there, if it is a path from the root. */
function pathArgument(argv: readonly string[], ...options: readonly string[]): string | undefined {
  const at = argv.findIndex((argument) => options.includes(argument));
  const value = at < 0 ? undefined : argv[at + 1];
  return value?.startsWith('/') === true ? value : undefined;
}

/**
 * Paths are put together as text: `cwd/..` must be resolved by the kernel, through the link that `cwd` is. In `root` the
 * supervisor's own mount namespace is visible.
 */
function configPaths(hostProc: string, supervisor: number, containerId: string): string[] {
  const own = `${hostProc}/${supervisor}`;
  const argv = commandLine(hostProc, supervisor);
  const bundle = pathArgument(argv, '-b', '--bundle');
  const sandbox = pathArgument(argv, '--runtime-dir');
  return [
    `${own}/cwd/../${containerId}/config.json`,
    ...(bundle?.includes(containerId) === true ? [`${own}/root${bundle}/config.json`] : []),
    ...(sandbox === undefined ? [] : [`${own}/root${sandbox}/../../${containerId}/userdata/config.json`]),
  ];
}

function readConfig(path: string): string | undefined {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) return undefined;
  if (size > maxConfigBytes) throw new Error(`${path} has ${size} bytes, more than ${maxConfigBytes}`);
  return readFileSync(path, 'utf8');
}

/** @param supervisor pid of the shim or of conmon, in the numbers of `hostProc`. */
export function lookUpBundle(hostProc: string, supervisor: number, containerId: string): Lookup {
  try {
    const paths = configPaths(hostProc, supervisor, containerId);
    for (const path of paths) {
      const text = readConfig(path);
      if (text !== undefined) return { found: true, identity: identityFrom(text) };
    }
    return { found: false, reason: `no bundle at ${paths.join(' or ')}` };
  } catch (error) {
    // The supervisor may be gone, its files unreadable or of another format: the container is then known by its ID alone.
    return { found: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
