/** Runs in the virtual machine: all scenarios in each layout of cgroups. Prints JSON lines, see `messages.ts`. */
import { release } from 'node:os';
import { openGuest } from './guest.ts';
import { layouts, securityModules, type Layout } from './layouts.ts';
import type { Message } from './messages.ts';
import { scenarios } from './scenarios.ts';

const send = (message: Message): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
const reasonOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

// The kernel hands options that it does not know to its first process as variables.
const listed = (name: string): string[] | undefined => process.env[name]?.split(',');

async function round(layout: Layout): Promise<void> {
  const guest = await openGuest(layout, { variants: listed('variants') });
  const { variant, refusals, hierarchy } = guest.capture;
  const cgroups = `${hierarchy.source} at ${hierarchy.mountPoint}`;
  send({ type: 'round', layout, variant, refusals, cgroups });
  for (const { name, observe } of scenarios) {
    try {
      const observed = (await observe(guest)) ?? null;
      send({ type: 'result', layout, scenario: name, observed });
    } catch (error) {
      send({ type: 'failure', layout, scenario: name, reason: reasonOf(error) });
    }
  }
  await guest.close();
}

send({ type: 'boot', kernel: release(), securityModules: securityModules() });
for (const layout of layouts.filter((each) => listed('layouts')?.includes(each))) {
  try {
    await round(layout);
  } catch (error) {
    send({ type: 'failure', layout, reason: reasonOf(error) });
  }
}
send({ type: 'end' });
