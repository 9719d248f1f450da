/** Who brought a program into a container from outside: a person, the kubelet, or anybody else through the runtime. */
import type { Injected } from '../../core/activity/tree.ts';
import type { Actor, ContainerIdentity } from '../../core/activity/snapshot.ts';
import type { ContainerProbes } from '../../core/wire/agent.ts';
import { commandDigest } from '../../core/wire/command-digest.ts';

export class Probes {
  readonly #byPod: ReadonlyMap<string, readonly ContainerProbes[]>;

  constructor(probes: readonly ContainerProbes[]) {
    this.#byPod = Map.groupBy(probes, ({ podUid }) => podUid);
  }

  /** A terminal is never given to a probe; whoever has one may type anything, also what a probe runs. */
  actorOf(program: Injected, container: ContainerIdentity): Actor {
    if (program.tty !== '') return 'interactive';
    const digests = this.#digestsOf(container);
    if (digests.length === 0 || program.argsTruncated) return 'exec';
    return spellings(program).some((argv) => digests.includes(commandDigest(argv))) ? 'probe' : 'exec';
  }

  /** A runtime that writes no annotations leaves the name of its container unknown: then any of the pod's will do. */
  #digestsOf({ podUid, name }: ContainerIdentity): readonly string[] {
    const ofPod = this.#byPod.get(podUid) ?? [];
    return ofPod.filter(({ container }) => name === '' || container === name).flatMap(({ digests }) => digests);
  }
}

/**
 * How the command may have been given. Of a script the kernel replaces the first argument by interpreter, option and path, so
 * that its name alone is lost: runtimes look it up in the container's PATH.
 */
function spellings({ argv, filename }: Injected): (readonly string[])[] {
  const script = filename === '' ? -1 : argv.indexOf(filename, 1);
  if (script < 1 || script > 2) return [argv];
  const rest = argv.slice(script + 1);
  return [argv, [filename, ...rest], [filename.slice(filename.lastIndexOf('/') + 1), ...rest]];
}
