/** Receives what this node should be doing: one long answer of JSON lines, opened again whenever it ends. */
import type { IncomingMessage } from 'node:http';
import { desiredMessage, type DesiredState } from '../../core/wire/agent.ts';
import { type LinkParts, persevere, UnexpectedAnswer } from './link-parts.ts';
import { retryAfter } from './operator-connection.ts';
import { Wakeup } from './wakeup.ts';

const path = '/agent/v1/desired';
/** 100 slots, 1,000 refused containers, 1,000 with probes and 256 profiles are 390 KB. */
const maxLineLength = 1024 * 1024;

/** The lines of a stream; the last one only if it is finished. @throws Error if one is longer than the limit. */
async function* lines(stream: IncomingMessage): AsyncGenerator<string> {
  stream.setEncoding('utf8');
  let rest = '';
  for await (const chunk of stream) {
    const parts = (rest + String(chunk)).split('\n');
    rest = parts.pop() ?? '';
    if (rest.length > maxLineLength) throw new Error(`a line of ${path} is longer than ${maxLineLength} characters`);
    yield* parts.filter((line) => line !== '');
  }
}

async function textOf(stream: IncomingMessage): Promise<string> {
  for await (const line of lines(stream)) return line;
  return '';
}

export interface DesiredStreamParts extends LinkParts {
  /** Heard from the operator, a heartbeat or more. */
  readonly heard: () => void;
  readonly desired: (state: DesiredState) => void;
}

async function follow(parts: DesiredStreamParts, signal: AbortSignal): Promise<void> {
  const response = await parts.connection.open({ method: 'GET', path, signal });
  const { statusCode: status = 0 } = response;
  if (status !== 200)
    throw new UnexpectedAnswer(path, { status, text: await textOf(response), ...retryAfter(response) });
  for await (const line of lines(response)) {
    const message = desiredMessage.parse(JSON.parse(line));
    parts.heard();
    if (message.type === 'desired') parts.desired(message);
    else if (message.type === 'unknown') parts.counters.add('operator_messages_unknown_total');
  }
}

/** Runs until `signal` is aborted. */
export async function followDesired(parts: DesiredStreamParts, signal: AbortSignal): Promise<void> {
  // The operator ends streams of a certain age on purpose; at once again, but never in a tight loop.
  const reopenMs = (): number => 1_000 + 1_000 * parts.random();
  const once = async (): Promise<number> => {
    await follow(parts, signal);
    return reopenMs();
  };
  await persevere('desired', parts, once, { wakeup: new Wakeup(), signal });
}
