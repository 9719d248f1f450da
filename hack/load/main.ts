/**
 * Simulated agents against one operator, printed as JSON.
 *
 *     node hack/load/main.ts [--nodes 1000] [--containers 20] [--images 400] [--seed 1] [--churn 2]
 *                            [--saturated S] [--steady S] [--flooded S] [--stable S] [--inspect-port P] [--keep DIRECTORY]
 *
 * With a port for its inspector, the operator opens it on SIGUSR1, for profiles of processor and heap.
 */
import { parseArgs } from 'node:util';
import { findBinaries } from '../../test/integration/binaries.ts';
import { runLoad } from './run.ts';

const number = (fallback: number) => ({ type: 'string', default: String(fallback) }) as const;
const { values } = parseArgs({
  options: {
    nodes: number(1_000),
    containers: number(20),
    images: number(400),
    seed: number(1),
    churn: number(2),
    saturated: number(120),
    steady: number(300),
    flooded: number(120),
    stable: number(60),
    'inspect-port': { type: 'string' },
    keep: { type: 'string' },
  },
});
const found = findBinaries();
if (!found.found) throw new Error(found.reason);
const result = await runLoad({
  nodes: Number(values.nodes),
  containersPerNode: Number(values.containers),
  images: Number(values.images),
  seed: Number(values.seed),
  churn: Number(values.churn),
  seconds: {
    saturated: Number(values.saturated),
    steady: Number(values.steady),
    flooded: Number(values.flooded),
    stable: Number(values.stable),
  },
  binaries: found.directory,
  nodeArguments: values['inspect-port'] === undefined ? [] : [`--inspect-port=${values['inspect-port']}`],
  ...(values.keep !== undefined && { directory: values.keep }),
  progress: (text) => console.error(text),
});
console.log(JSON.stringify(result, undefined, 2));
