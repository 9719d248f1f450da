import type { Command } from 'commander';
import { clusterStatus } from '../../server/api/status.ts';
import { operatorApi } from '../cluster/operator.ts';
import { statusReader } from '../cluster/reader.ts';
import type { Context } from '../context.ts';
import { type OperatorOptions, withOperator, withOutput } from '../options.ts';
import { paint } from '../output/paint.ts';
import { toJson, toYaml } from '../output/safe.ts';
import { statusText } from '../output/status-text.ts';

interface Options extends OperatorOptions {
  readonly output: 'text' | 'json' | 'yaml';
}

export function addStatus(parent: Command, context: Context): void {
  const command = parent
    .command('status')
    .summary('how agents, containers, profiles and store are')
    .description(
      'Shows the agents (whether they watch, their slots, what they lost), the containers by why they are profiled or not, profiles, store, and what a person should look at. Asks the operator itself: it takes the role workload-security-status in its namespace.',
    );
  withOperator(withOutput(command, ['text', 'json', 'yaml'], 'text')).action(async (options: Options) => {
    const ask = await operatorApi(options, context, statusReader);
    const status = await ask('/api/v1/status', clusterStatus);
    const { terminal } = context;
    const text = { json: toJson, yaml: toYaml, text: () => statusText(status, paint(terminal.colours)) };
    await terminal.write(text[options.output](status));
  });
}
