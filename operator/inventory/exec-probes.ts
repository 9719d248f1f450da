/**
 * Commands that the kubelet has a container's runtime run in it: exec probes and lifecycle hooks. Agents know what was
 * injected, and not by whom; they are told the digests.
 */
import { z } from 'zod';
import { escapeText } from '../../core/event/escape.ts';
import { commandDigest } from '../../core/wire/command-digest.ts';

/** Of a container of a pod that has any. */
export interface ExecProbes {
  readonly container: string;
  readonly digests: readonly string[];
}

const handler = z.object({ exec: z.object({ command: z.array(z.string()).nullish() }).nullish() }).nullish();

/** What of a container's spec is needed to know them. */
export const probeFields = {
  env: z.array(z.object({ name: z.string(), value: z.string().nullish() })).nullish(),
  startupProbe: handler,
  readinessProbe: handler,
  livenessProbe: handler,
  lifecycle: z.object({ postStart: handler, preStop: handler }).nullish(),
};
const probedContainer = z.object({ name: z.string(), ...probeFields });
type ProbedContainer = z.infer<typeof probedContainer>;

/** Agents do not see more of the arguments of a program: what is longer cannot be recognised. */
const maxCommandLength = 4_096;

export function execProbes(containers: readonly ProbedContainer[]): ExecProbes[] {
  return containers.flatMap((container) => {
    const digests = [...new Set(commandsOf(container).map((argv) => commandDigest(argv.map(escapeText))))];
    return digests.length === 0 ? [] : [{ container: container.name, digests }];
  });
}

/** The kubelet puts the static environment into the commands of probes, and not into those of hooks. */
function commandsOf({ env, startupProbe, readinessProbe, livenessProbe, lifecycle }: ProbedContainer): string[][] {
  const probes = given([startupProbe, readinessProbe, livenessProbe]);
  const hooks = given([lifecycle?.postStart, lifecycle?.preStop]);
  if (probes.length === 0) return hooks;
  const variables = new Map((env ?? []).map(({ name, value }) => [name, value ?? '']));
  return [...probes.flatMap((command) => expand(command, variables) ?? []), ...hooks];
}

function given(handlers: readonly z.infer<typeof handler>[]): string[][] {
  return handlers.flatMap((one) => {
    const command = one?.exec?.command ?? [];
    const length = command.reduce((sum, argument) => sum + argument.length, 0);
    return command.length === 0 || length > maxCommandLength ? [] : [command];
  });
}

/**
 * `$(NAME)` becomes the value of a variable that is defined and stays otherwise; `$$` becomes `$`. In a list, so that it can
 * be empty: a few characters may stand for megabytes.
 * https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
 */
function expand(command: readonly string[], variables: ReadonlyMap<string, string>): [string[]] | undefined {
  let room = maxCommandLength;
  const replace = (reference: string, name?: string): string => {
    const text = name === undefined ? '$' : (variables.get(name) ?? reference);
    room -= text.length;
    return room < 0 ? '' : text;
  };
  const expanded = command.map((argument) => {
    // Behind the last bracket nothing can be a reference; looked for there, each beginning of one would run to the end.
    const end = argument.lastIndexOf(')') + 1;
    const [first, rest] = [argument.slice(0, end), argument.slice(end)];
    return first.replace(/\$(?:\$|\(([^)]*)\))/g, replace) + rest.replaceAll('$$', () => '$');
  });
  return room < 0 ? undefined : [expanded];
}
