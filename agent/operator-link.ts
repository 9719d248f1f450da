/** The four conversations with the operator, and what they have in common. */
import { join } from 'node:path';
import type { DesiredState } from '../core/wire/agent.ts';
import type { Configuration } from './configuration.ts';
import { saveDesired } from './link/desired-file.ts';
import { followDesired } from './link/desired-stream.ts';
import type { LinkParts } from './link/link-parts.ts';
import { OperatorConnection } from './link/operator-connection.ts';
import { ProfileFetcher } from './link/profile-fetcher.ts';
import type { ProfileFiles } from './link/profile-files.ts';
import type { PeriodJournal } from './link/period-journal.ts';
import { reportAlways } from './link/reporter.ts';
import type { Spool } from './link/spool.ts';
import { uploadSpooled } from './link/uploader.ts';
import type { Wakeup } from './link/wakeup.ts';
import type { Status } from './status.ts';

export interface OperatorLinkParts extends Omit<LinkParts, 'connection' | 'random'> {
  readonly configuration: Configuration;
  readonly status: Status;
  readonly spool: Spool;
  readonly journal: PeriodJournal;
  readonly profiles: ProfileFiles;
  readonly desired: (state: DesiredState) => void;
  /** Notified when a snapshot was stored. */
  readonly stored: Wakeup;
  /** Notified when there is something new to report. */
  readonly news: Wakeup;
}

export const desiredPath = (stateDir: string): string => join(stateDir, 'desired.json');

/** Runs until `signal` is aborted. */
export async function linkToOperator(parts: OperatorLinkParts, signal: AbortSignal): Promise<void> {
  const { configuration, status, spool, journal, log, counters } = parts;
  const { operatorUrl: url, caFile, tokenFile, stateDir } = configuration;
  const connection = new OperatorConnection({ url, caFile, tokenFile });
  const shared = { connection, counters, log, random: Math.random };
  const profiles = new ProfileFetcher({ ...shared, files: parts.profiles, changed: () => parts.news.notify() });
  const desired = (state: DesiredState): void => {
    parts.desired(state);
    profiles.name(state.profiles);
    try {
      saveDesired(desiredPath(stateDir), state, Date.now());
    } catch (error) {
      counters.add('state_failures_total');
      log.error({ err: error, what: 'desired state' }, 'state directory cannot be written');
    }
  };
  await Promise.all([
    followDesired({ ...shared, desired, heard: () => counters.add('operator_messages_total') }, signal),
    reportAlways(
      {
        ...shared,
        wakeup: parts.news,
        report: () => ({ ...status.report(), profiles: profiles.report() }),
        accepted: ({ lostPeriods }) => journal.acknowledge(lostPeriods),
      },
      signal,
    ),
    uploadSpooled({ ...shared, spool, wakeup: parts.stored }, signal),
    profiles.run(signal),
  ]);
  connection.close();
}
