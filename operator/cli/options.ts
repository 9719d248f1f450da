/** Options that several commands share. */
import { type Command, InvalidArgumentError, Option } from 'commander';

export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
}

export function withCluster(command: Command): Command {
  return command
    .addOption(new Option('--context <name>', 'context of the kubeconfig').helpGroup('Cluster:'))
    .addOption(
      new Option('--kubeconfig <file>', 'kubeconfig; else KUBECONFIG, then ~/.kube/config').helpGroup('Cluster:'),
    );
}

export interface OperatorOptions extends ClusterOptions {
  readonly operatorNamespace: string;
}

/** For commands that ask the operator itself. */
export function withOperator(command: Command): Command {
  return withCluster(command).addOption(
    new Option('--operator-namespace <name>', 'namespace of the operator')
      .default('workload-security')
      .helpGroup('Cluster:'),
  );
}

export function withOutput(command: Command, formats: readonly string[], fallback: string): Command {
  return command.addOption(new Option('-o, --output <format>', 'how to print').choices(formats).default(fallback));
}

/** @throws InvalidArgumentError */
export function points(text: string): number {
  const value = Number(text);
  if (/^\d{1,3}$/.test(text) && value <= 100) return value;
  throw new InvalidArgumentError('It is a whole number from 0 to 100.');
}
