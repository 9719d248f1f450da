/** `POST /agent/v1/snapshots`: reads an upload, and lets in as much of what was read as there is memory for. */
import type { Request, Response } from 'express';
import { type Snapshot, snapshotLimits } from '../../core/activity/snapshot.ts';
import type { Clock } from '../clock.ts';
import { BodyTooLargeError, readBody } from './body.ts';
import { ByteGate } from './byte-gate.ts';
import { Gate } from './gate.ts';
import type { MemoryWatch } from './memory.ts';
import type { ServerMetrics } from './metrics.ts';
import type { Agent, Ingest, IngestAnswer } from './ports.ts';
import { Problem, refuseIfGone } from './problem.ts';
import { parseSnapshot, tooLargeCompressed } from './snapshot-upload.ts';
import { TokenBuckets } from './token-bucket.ts';
import { overQuota, retryLater, UploadSlots } from './upload-slots.ts';

export interface SnapshotEndpointOptions {
  readonly ingest: Ingest;
  readonly memory: Pick<MemoryWatch, 'isScarce'>;
  readonly clock: Clock;
  readonly metrics: Pick<ServerMetrics, 'snapshotBytes' | 'snapshotSeconds' | 'snapshotsReceived'>;
}

/**
 * Per node, compressed. 32 finished trees and 5 slots may come at once, 256 KiB each; then 5 snapshots of 100 kB per
 * shortest period (10 s) are 50 KiB a second.
 */
const byteQuota = { burst: 16 * 1024 * 1024, perSecond: 128 * 1024 };
/**
 * Per node, decompressed: parsing is what costs, 20 ms a MiB on the event loop. 37 trees of 1.5 MB may come at once; after
 * them a node that means harm takes 1 % of a core.
 */
const jsonQuota = { burst: 64 * 1024 * 1024, perSecond: 512 * 1024 };
const maxNodes = 10_000;
/**
 * Uploads that are read or wait, of one node and together. Usual ones have 5 to 30 KB, so 128 of them 4 MB; the largest, of
 * 1 MiB each, fill 128 MiB, and are stopped before by what is scarce.
 */
const uploadsPerNode = 4;
const maxUploads = 128;
/** The same while memory is scarce and none is unpacked yet: 16 MiB, where 128 would be more than there is left. */
const uploadsWhileScarce = 16;
/** Of these, uploads that are parsed: each may hold 8 MiB of JSON and as objects 80 MB (snapshot-upload.ts). */
const parallelSnapshots = 2;
/**
 * JSON of the uploads that are merged and stored: eight usual ones, or one of the largest. A usual one of up to 200 KB is 1 MiB
 * of objects; the evidence of its image, 130 KB of JSON, is held as it was, merged, and packed, in 2 MiB; both of zstd's
 * contexts take another. Eight wait for the disk together, so that none waits long for its turn.
 */
const ingestedBytes = 8 * 1024 * 1024;
const leastIngested = ingestedBytes / 8;

export function snapshotEndpoint({ ingest, memory, clock, metrics }: SnapshotEndpointOptions) {
  const bytesOfNode = new TokenBuckets(byteQuota, clock, maxNodes);
  const jsonOfNode = new TokenBuckets(jsonQuota, clock, maxNodes);
  const gate = new Gate(parallelSnapshots, maxUploads);
  const ingesting = new ByteGate(ingestedBytes);
  const uploads = new UploadSlots('uploads', uploadsPerNode, maxUploads);
  /** Uploads that are unpacked, from their parsing to their answer. */
  let unpacked = 0;

  /** One at a time goes on in any case: nothing else would tell when there is memory again. */
  const refuseIfScarce = (isBusy: boolean): void => {
    if (!isBusy || !memory.isScarce) return;
    throw retryLater(503, 'memory', 'the operator is short of memory; keep the snapshot and send it later', 30);
  };

  /** Parsed only when there is room for what comes next: until then it keeps the place of another. */
  const parse = async (agent: Agent, bytes: Buffer): Promise<{ snapshot: Snapshot; done: () => void }> => {
    let jsonBytes = 0;
    const snapshot = await parseSnapshot(bytes, (size) => {
      jsonBytes = size;
      jsonOfNode.charge(agent.node, size);
    });
    return { snapshot, done: await ingesting.enter(Math.max(jsonBytes, leastIngested)) };
  };

  const unpack = async (agent: Agent, bytes: Buffer, response: Response): ReturnType<typeof parse> => {
    // Who no longer waits for the answer sends it again.
    refuseIfGone(response);
    refuseIfScarce(unpacked > 0);
    unpacked += 1;
    try {
      return await parse(agent, bytes);
    } catch (error) {
      unpacked -= 1;
      throw error;
    }
  };

  const process = async (agent: Agent, bytes: Buffer, response: Response): Promise<IngestAnswer> => {
    const started = clock.monotonic();
    const { snapshot, done } = await gate.run(() => unpack(agent, bytes, response));
    try {
      return await ingest({ agent, snapshot, bytes });
    } finally {
      done();
      unpacked -= 1;
      metrics.snapshotSeconds.observe((clock.monotonic() - started) / 1_000);
    }
  };

  return async (agent: Agent, request: Request, response: Response): Promise<void> => {
    if (!bytesOfNode.hasAny(agent.node) || !jsonOfNode.hasAny(agent.node)) throw overQuota('bytes');
    // Before it is read: what waits in the agent's spool costs nothing here.
    refuseIfScarce(unpacked > 0 || uploads.running >= uploadsWhileScarce);
    const leave = uploads.enter(agent.node);
    try {
      const bytes = await readUpload(request);
      bytesOfNode.charge(agent.node, bytes.length);
      metrics.snapshotBytes.inc(bytes.length);
      const answer = await process(agent, bytes, response);
      metrics.snapshotsReceived.inc({ result: answer.result });
      respond(answer, response);
    } finally {
      leave();
    }
  };
}

async function readUpload(request: Request): Promise<Buffer> {
  try {
    return await readBody(request, snapshotLimits.compressedBytes);
  } catch (error) {
    if (!(error instanceof BodyTooLargeError)) throw error;
    throw tooLargeCompressed(error);
  }
}

function respond({ status, ...answer }: IngestAnswer, response: Response): void {
  switch (answer.result) {
    case 'accepted':
    case 'duplicate':
      response.status(200).json(answer);
      return;
    case 'retry':
      throw retryLater(503, 'ingest-retry', answer.reason ?? 'the snapshot could not be stored now', 15);
    case 'refused': {
      const detail = answer.reason ?? 'the snapshot was refused';
      throw new Problem({ status: status ?? 422, code: 'ingest-refused', detail, members: answer });
    }
  }
}
