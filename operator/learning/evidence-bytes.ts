/** Evidence as the store keeps it: canonical JSON, zstd. */
import { promisify } from 'node:util';
import { constants, createZstdDecompress, zstdCompress, zstdDecompress } from 'node:zlib';
import { decodeEvidence, EvidenceFormatError } from '../../core/profile/decode-evidence.ts';
import { encodeEvidence } from '../../core/profile/encode-evidence.ts';
import type { Evidence } from '../../core/profile/evidence.ts';
import type { Publication } from '../../core/profile/publication.ts';
import { publish, type PublishOptions } from '../../core/profile/publish.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** What is in the store can be read, also what earlier versions wrote: up to this. */
const readableJsonBytes = 96 * 1024 * 1024;

/**
 * What is written. A busy image has 5,000 behaviours in some 3 MB; 1,000 containers add 250 hexadecimal digits to each of
 * 40,000 rows, 10 MB. What a hostile image can write with the longest of names is more, and is refused: decoded and with one
 * snapshot on top it takes three times this in memory, of the 512 MiB that the operator has.
 */
export const maxEvidenceJsonBytes = 32 * 1024 * 1024;

export interface EncodedEvidence {
  readonly bytes: Uint8Array;
  /** Of the JSON: what the evidence weighs in memory is about three times that. */
  readonly jsonBytes: number;
}

/** Equal evidence gives equal bytes, as long as the zstd library is the same. */
export async function packEvidence(evidence: Evidence): Promise<EncodedEvidence> {
  const json = encodeEvidence(evidence);
  const bytes = await compress(json, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
  return { bytes, jsonBytes: json.length };
}

/** @throws EvidenceFormatError for bytes that are damaged or from another version */
export async function unpackEvidence(bytes: Uint8Array): Promise<{ evidence: Evidence; jsonBytes: number }> {
  const json = await decompress(bytes, { maxOutputLength: readableJsonBytes }).catch((cause: unknown) => {
    throw new EvidenceFormatError('stored evidence is not one whole zstd stream', { cause });
  });
  return { evidence: decodeEvidence(json), jsonBytes: json.length };
}

/** Of the JSON within, counted without keeping any of it. What is damaged has fewer than it should have: unpacking says so. */
export async function unpackedLength(bytes: Uint8Array): Promise<number> {
  const parts: AsyncIterable<Uint8Array> = createZstdDecompress().end(bytes);
  let length = 0;
  try {
    for await (const part of parts) {
      length += part.length;
      if (length > readableJsonBytes) break;
    }
  } catch {
    return length;
  }
  return length;
}

/** The publication of evidence as the store has it. @throws EvidenceFormatError */
export async function publishStored(bytes: Uint8Array, facts: PublishOptions): Promise<Publication> {
  const { evidence } = await unpackEvidence(bytes);
  return publish(evidence, facts);
}
