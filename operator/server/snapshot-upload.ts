/** From the bytes of an upload to a well-formed snapshot, or to the refusal that fits. */
import { promisify } from 'node:util';
import { constants, zstdDecompress } from 'node:zlib';
import type { z } from 'zod';
import { snapshotLimits, snapshotSchema, type Snapshot } from '../../core/activity/snapshot.ts';
import { parseBoundedJson, TooManyValuesError } from './bounded-json.ts';
import { Problem } from './problem.ts';

const decompress = promisify(zstdDecompress);

/**
 * A frame's header says how much memory its reader must set aside, up to 128 MiB by default. 2^23 is as much as the largest
 * snapshot itself: no compressor of such an input asks for more.
 */
const windowLogMax = 23;

/**
 * A snapshot at every limit: 15,000 behaviours of at most 22 values each, and 64 types of each of 2,000 names, are 458,000.
 * As empty objects, the largest for their bytes, they take 80 MB.
 */
const maxValues = 500_000;

/** Sent again it would be refused again: the agent is told to forget it. */
function refusal(status: 400 | 413, code: string, detail: string, cause?: unknown): Problem {
  const members = { result: 'refused', reason: `${code}: ${detail}` };
  return new Problem({ status, code, detail, members, close: status === 413 }, cause);
}

export function tooLargeCompressed(cause: unknown): Problem {
  return refusal(413, 'too-large-compressed', `an upload has at most ${snapshotLimits.compressedBytes} bytes`, cause);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

async function decompressed(bytes: Uint8Array): Promise<Buffer> {
  const maxOutputLength = snapshotLimits.jsonBytes;
  try {
    return await decompress(bytes, { maxOutputLength, params: { [constants.ZSTD_d_windowLogMax]: windowLogMax } });
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') {
      throw refusal(413, 'too-large-decompressed', `a snapshot has at most ${maxOutputLength} bytes of JSON`, error);
    }
    throw refusal(400, 'malformed-zstd', 'the body is not one whole zstd stream with a window of at most 8 MiB', error);
  }
}

function parseJson(text: Buffer): unknown {
  try {
    return parseBoundedJson(text, maxValues);
  } catch (error) {
    if (error instanceof TooManyValuesError) {
      throw refusal(413, 'too-many-values', `a snapshot holds at most ${maxValues} values`, error);
    }
    throw refusal(400, 'malformed-json', 'the decompressed body is not JSON', error);
  }
}

/**
 * @param onSize called with the size of the JSON, before the work that it costs
 * @throws Problem 400 or 413
 */
export async function parseSnapshot(bytes: Uint8Array, onSize: (jsonBytes: number) => void): Promise<Snapshot> {
  const text = await decompressed(bytes);
  onSize(text.length);
  const parsed = snapshotSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw refusal(400, 'malformed-snapshot', issuesText(parsed.error), parsed.error);
}

/** The first few of what may be thousands; names of our schema and numbers, not the agent's strings. */
export function issuesText(error: z.ZodError): string {
  const shown = error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.')}: ${message}`);
  const more = error.issues.length - shown.length;
  return `${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`.slice(0, 800);
}
