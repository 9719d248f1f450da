/** Sends what is in the spool, oldest first, until the operator has decided on each. */
import { uploadAnswer, type UploadAnswer } from '../../core/wire/agent.ts';
import { type LinkParts, persevere, UnexpectedAnswer } from './link-parts.ts';
import type { Answer } from './operator-connection.ts';
import type { Spool } from './spool.ts';
import type { Wakeup } from './wakeup.ts';

const path = '/agent/v1/snapshots';
/** With an empty spool there is nothing to do until something is put into it. */
const idleMs = 60_000;

export interface UploaderParts extends LinkParts {
  readonly spool: Pick<Spool, 'names' | 'read' | 'remove'>;
  /** Notified when a snapshot was put into the spool. */
  readonly wakeup: Wakeup;
}

function parseAnswer(answer: Answer): UploadAnswer {
  try {
    return uploadAnswer.parse(JSON.parse(answer.text));
  } catch (error) {
    throw new UnexpectedAnswer(path, answer, { cause: error });
  }
}

/** @throws Error if the operator did not decide. */
async function upload(parts: UploaderParts, file: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  const headers = { 'content-type': 'application/json', 'content-encoding': 'zstd' };
  const answer = await parts.connection.call({ method: 'POST', path, body: bytes, headers, signal });
  const { result, reason } = parseAnswer(answer);
  parts.counters.add(`uploads_total{result="${result}"}`);
  if (result === 'retry') throw new UnexpectedAnswer(path, answer);
  if (result === 'refused') parts.log.warn({ file, reason }, 'snapshot refused');
  parts.spool.remove(file);
}

/** Runs until `signal` is aborted. */
export async function uploadSpooled(parts: UploaderParts, signal: AbortSignal): Promise<void> {
  /** Goes round: one that the operator cannot decide on does not hold up the others. */
  let last = '';
  const once = async (): Promise<number> => {
    const { names } = parts.spool;
    const file = names.find((name) => name > last) ?? names[0];
    if (file === undefined) return idleMs;
    last = file;
    const bytes = parts.spool.read(file);
    if (bytes !== undefined) await upload(parts, file, bytes, signal);
    return parts.spool.names.length > 0 ? 0 : idleMs;
  };
  await persevere('snapshots', parts, once, { wakeup: parts.wakeup, signal });
}
