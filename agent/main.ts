/** The agent: one per node. Watches containers, builds their activity trees and brings snapshots to the operator. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import pino from 'pino';
import packageJson from '../package.json' with { type: 'json' };
import { type DesiredState, profileLimits } from '../core/wire/agent.ts';
import { readConfiguration } from './configuration.ts';
import { Counters } from './counters.ts';
import { Health, serveHealth } from './health.ts';
import { bootTime } from './identify/proc-stat.ts';
import { AliveMark } from './link/alive-mark.ts';
import { loadDesired } from './link/desired-file.ts';
import { PeriodJournal } from './link/period-journal.ts';
import { ProfileFiles } from './link/profile-files.ts';
import { Spool, spoolBytes } from './link/spool.ts';
import { Wakeup } from './link/wakeup.ts';
import { bringUp, type NodeCapture } from './node-capture.ts';
import { absence } from './observe/absence.ts';
import { observe } from './observe/loop.ts';
import { Observer } from './observe/observer.ts';
import { desiredPath, linkToOperator } from './operator-link.ts';
import { createOutbox } from './outbox.ts';
import { keepProgramPagesOut } from './program-pages.ts';
import { Status } from './status.ts';

/** How often it is checked whether there is something new to report; nothing is reported more often. */
const newsMs = 1_000;
/** What was cut short by our end may still reach the operator; after that it waits in the spool for our successor. */
const farewellMs = 3_000;

const configuration = readConfiguration(process.env);
const { stateDir, nodeName, logLevel } = configuration;
const log = pino({ level: logLevel, base: { node: nodeName } });
const counters = new Counters();
const now = (): number => Date.now();

const spool = new Spool({ directory: join(stateDir, 'spool'), maxBytes: spoolBytes, counters });
const isSpooled = (container: string, from: number): boolean => spool.has(container, from);
const journal = new PeriodJournal({ path: join(stateDir, 'periods.json'), log, now: now(), isSpooled });
const profiles = new ProfileFiles({ directory: join(stateDir, 'profiles'), maxBytes: profileLimits.bytes, log });
const status = new Status({
  agentVersion: packageJson.version,
  instance: randomUUID(),
  counters,
  spool,
  journal,
  profiles,
});
const alive = new AliveMark({ path: join(stateDir, 'alive'), log, counters });
const stored = new Wakeup();
const news = new Wakeup();
const outbox = createOutbox({ spool, journal, counters, log, stored: () => stored.notify() });

const health = new Health(now);
const healthServer = await serveHealth(health, configuration.healthListen);

/** First observation ends, so that its last snapshots are spooled; then the conversation with the operator. */
const observing = new AbortController();
const talking = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => observing.abort());

let desired = loadDesired(desiredPath(stateDir), now(), log);
const onDesired = (state: DesiredState): void => {
  desired = state;
};

const turned = (): void => {
  health.turned();
  alive.beat(now());
};

async function observeNode(node: NodeCapture): Promise<void> {
  const observer = new Observer({ ...node, outbox, counters, log }, desired);
  const absent = absence(alive.last, bootTime(), now());
  if (absent !== undefined) {
    const seconds = (absent.to - absent.from) / 1_000;
    counters.add('gaps_total');
    counters.add('gap_seconds_total', seconds);
    log.warn({ ...absent, seconds }, 'no agent has watched this node for a while');
  }
  observer.start(now(), absent);
  observer.desire(desired, now());
  status.ready(node.capture, observer);
  health.setReady(true);
  keepProgramPagesOut(log, observing.signal);
  await observe(
    { capture: node.capture, observer, counters, log, now, turned, desired: () => desired },
    observing.signal,
  );
  alive.set(now());
  health.setReady(false);
  node.capture.close();
}

/** Nothing to observe, but somebody has to say so: it stays up and reports why. */
async function idle(error: unknown): Promise<void> {
  const reason = error instanceof Error ? error.message : String(error);
  log.error({ err: error }, 'this node cannot be observed');
  status.unsupported(reason);
  while (!observing.signal.aborted) {
    health.turned();
    await setTimeout(newsMs);
  }
}

async function run(): Promise<void> {
  let node: NodeCapture | undefined;
  const waiting = (reason: string): void => {
    status.waiting(reason);
    health.turned();
  };
  try {
    node = await bringUp({ configuration, log, waiting }, observing.signal);
  } catch (error) {
    return idle(error);
  }
  if (node !== undefined) await observeNode(node);
}

let told = '';
const newsTimer = setInterval(() => {
  if (status.news === told) return;
  told = status.news;
  news.notify();
}, newsMs);

const link = linkToOperator(
  { configuration, status, spool, journal, profiles, counters, log, desired: onDesired, stored, news },
  talking.signal,
);
await run();
log.info({ spooled: spool.names.length }, 'observation has ended');
news.notify();
for (const end = now() + farewellMs; now() < end && spool.names.length > 0;) {
  await setTimeout(100);
}
clearInterval(newsTimer);
talking.abort();
await link;
healthServer.close();
