/** Tells the operator how this node is: at once when something has changed, and often enough to count as alive. */
import { type AgentReport, heartbeatSeconds } from '../../core/wire/agent.ts';
import { type LinkParts, persevere, UnexpectedAnswer } from './link-parts.ts';
import type { Wakeup } from './wakeup.ts';

const path = '/agent/v1/report';

export interface ReporterParts extends LinkParts {
  readonly report: () => AgentReport;
  /** The operator has taken note of this report. */
  readonly accepted: (report: AgentReport) => void;
  /** Notified on every change. */
  readonly wakeup: Wakeup;
}

async function send(parts: ReporterParts, signal: AbortSignal): Promise<void> {
  const report = parts.report();
  const body = Buffer.from(JSON.stringify(report));
  const headers = { 'content-type': 'application/json' };
  const answer = await parts.connection.call({ method: 'POST', path, body, headers, signal });
  if (answer.status < 200 || answer.status > 299) throw new UnexpectedAnswer(path, answer);
  parts.accepted(report);
}

/** Runs until `signal` is aborted. */
export async function reportAlways(parts: ReporterParts, signal: AbortSignal): Promise<void> {
  const once = async (): Promise<number> => {
    await send(parts, signal);
    return heartbeatSeconds * 1_000;
  };
  await persevere('report', parts, once, { wakeup: parts.wakeup, signal });
}
