/**
 * `make bench`: the table of budgets. The capture is measured without a cluster; what runs in the cluster whose kubeconfig
 * KUBECONFIG names is measured there, if there is one.
 *
 *     node hack/bench/main.ts [--check] [--rounds N] [--minutes N] [BENCH]…
 *
 * All but the long ones (soak, scheduling, fleet) if none is named; with --check nothing but what is wrong with the arguments.
 */
import { parseArgs } from 'node:util';
import { measureCallCosts } from './calls.ts';
import { measureCluster } from './cluster.ts';
import { fleetObstacle, measureFleet } from './fleet.ts';
import { measureFlood } from './flood.ts';
import { measureIdle, measureMemoryAtWork } from './footprint.ts';
import { measureMatching } from './match.ts';
import { measureUntaught } from './match-recorded.ts';
import { measureMerging } from './merge.ts';
import { type Measurement, render } from './measurement.ts';
import { Interrupted, withNode } from './node.ts';
import { otherTracers } from './tracers.ts';
import { measureRecall } from './recall.ts';
import { measureScheduling } from './scheduling.ts';
import { measureSoak } from './soak.ts';
import { measureStarts } from './starts.ts';
import { missing } from './tools.ts';
import { measureWeb } from './web.ts';

function refuse(problem: string): never {
  console.error(`error: ${problem}`);
  process.exit(2);
}

const { values, positionals } = readArguments();

function readArguments() {
  const options = {
    check: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '15' },
    minutes: { type: 'string', default: '30' },
  } as const;
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(option: 'rounds' | 'minutes'): number {
  const number = Number(values[option]);
  if (Number.isInteger(number) && number > 0) return number;
  return refuse(`--${option} ${values[option]}: must be a whole number above 0`);
}

const [rounds, minutes] = [wholeNumber('rounds'), wholeNumber('minutes')];
const progress = (text: string): void => console.error(text);

interface Bench {
  readonly measure: () => Promise<Measurement[]>;
  /** Why it cannot be measured here. */
  readonly obstacle?: string | undefined;
  /** Takes so long that it runs only where it is named. */
  readonly onDemand?: true;
}

const benches: Readonly<Record<string, Bench>> = {
  calls: { measure: () => withNode((node) => measureCallCosts(node, rounds, progress)) },
  web: { measure: () => withNode((node) => measureWeb(node, rounds, progress)), obstacle: missing('nginx', 'wrk') },
  memory: { measure: () => withNode(measureMemoryAtWork) },
  idle: { measure: () => withNode(measureIdle) },
  flood: { measure: () => withNode(measureFlood) },
  starts: { measure: () => withNode((node) => measureStarts(node, progress)) },
  recall: { measure: measureRecall },
  merge: { measure: async () => measureMerging(rounds, progress) },
  scheduling: { measure: async () => measureScheduling(progress), onDemand: true },
  fleet: { measure: () => measureFleet(progress), obstacle: fleetObstacle(), onDemand: true },
  match: { measure: async () => [...(await measureMatching(rounds, progress)), ...measureUntaught()] },
  soak: { measure: () => withNode((node) => measureSoak(node, minutes, progress)), onDemand: true },
  cluster: {
    measure: async () => measureCluster(),
    obstacle: process.env['KUBECONFIG'] === undefined ? 'no cluster runs (make up)' : undefined,
  },
};

const unknown = positionals.find((name) => !(name in benches));
if (unknown !== undefined) refuse(`no benchmark ${unknown}; there are ${Object.keys(benches).join(', ')}`);
if (values.check) process.exit(0);

const notes = otherTracers().map(
  (tracer) => `${tracer} listened to all system calls too: "no agent" was not free of its cost`,
);
const measured: Measurement[] = [];
for (const [name, { measure, obstacle, onDemand = false }] of Object.entries(benches)) {
  if (positionals.length > 0 ? !positionals.includes(name) : onDemand) continue;
  if (obstacle !== undefined) {
    notes.push(`${name} was left out: ${obstacle}`);
    continue;
  }
  progress(`${name}:`);
  try {
    measured.push(...(await measure()));
  } catch (error) {
    // What was measured so far shall not be lost with it.
    notes.push(`${name} failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
    if (error instanceof Interrupted) break;
  }
}
if (measured.length > 0) console.log(render(measured));
for (const note of notes) console.log(`note: ${note}`);
