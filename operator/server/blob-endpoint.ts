/** `GET /agent/v1/profiles/DIGEST`: a compiled profile, for the agents of nodes that are told to hold it. */
import type { Request, Response } from 'express';
import type { Clock } from '../clock.ts';
import { GateFullError } from './gate.ts';
import type { MemoryWatch } from './memory.ts';
import type { ServerMetrics } from './metrics.ts';
import { type Agent, type NodeBlobs, type ProfileBlob, ReadingStoppedError } from './ports.ts';
import { Problem } from './problem.ts';
import { TokenBuckets } from './token-bucket.ts';
import { overQuota, retryLater, UploadSlots } from './upload-slots.ts';

export interface BlobEndpointOptions {
  readonly blobs: NodeBlobs;
  readonly memory: Pick<MemoryWatch, 'isScarce'>;
  readonly clock: Clock;
  readonly metrics: Pick<ServerMetrics, 'blobsSent' | 'blobBytes'>;
}

/**
 * Per node. All that an agent holds is 32 MiB at most; half of it may come at once, the rest within 5 min. Of usual profiles, 5
 * KB, that is everything at once and then 12 a second.
 */
const byteQuota = { burst: 16 * 1024 * 1024, perSecond: 64 * 1024 };
const maxNodes = 10_000;
/** An agent asks for one after the other; another one may have lost its connection. */
const perNode = 2;
/** Of 400 KB at most, on their way to agents that read slowly: 26 MB. */
const maxSending = 64;
/**
 * While memory is scarce: 2 MB. Most have 5 KB and are kept anyway, so that an answer costs less than the same agent's next try; to
 * make one anew there has to be room (reading-room.ts). After all of a large cluster's profiles were finished at once, memory was
 * scarce for long, and agents that were all refused came again 20 times a second.
 */
const maxSendingScarce = 4;
/** For the largest that is 7 KB a second. Who takes longer comes back, and others get its place meanwhile. */
const sendMs = 60_000;
const digestPattern = /^sha256:[0-9a-f]{64}$/;

export function blobEndpoint({ blobs, memory, clock, metrics }: BlobEndpointOptions) {
  const bytesOfNode = new TokenBuckets(byteQuota, clock, maxNodes);
  const sending = new UploadSlots('profiles', perNode, maxSending);

  return async ({ node }: Agent, request: Request, response: Response): Promise<void> => {
    const digest = String(request.params['digest']);
    if (!digestPattern.test(digest)) {
      const detail = 'a profile is named by its digest: sha256: and 64 hexadecimal digits';
      throw new Problem({ status: 400, code: 'bad-digest', detail });
    }
    if (!bytesOfNode.hasAny(node)) throw overQuota('profile-bytes');
    if (memory.isScarce && sending.running >= maxSendingScarce) {
      throw retryLater(503, 'memory', 'the operator is short of memory; ask again later', 30);
    }
    response.once('close', sending.enter(node));
    response.once(
      'close',
      clock.after(sendMs, () => response.destroy()),
    );
    const { bytes } = allowed(await askedFor(blobs, node, digest), node);
    bytesOfNode.charge(node, bytes.length);
    metrics.blobsSent.inc();
    metrics.blobBytes.inc(bytes.length);
    // Bytes of a digest never change. They look random, so there is nothing to compress.
    response.setHeader('Cache-Control', 'private, max-age=31536000, immutable');
    response.setHeader('ETag', `"${digest}"`);
    response.type('application/octet-stream').send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  };
}

/** @throws Problem 503 if too many are being made, or there is no memory for it now */
async function askedFor(blobs: NodeBlobs, node: string, digest: string): Promise<ProfileBlob> {
  try {
    return await blobs(node, digest);
  } catch (error) {
    if (error instanceof ReadingStoppedError) throw retryLater(503, 'memory', error.message, 30);
    if (!(error instanceof GateFullError)) throw error;
    throw retryLater(503, 'busy', 'too many profiles are being compiled; ask again later', 15);
  }
}

/** @throws Problem 403 or 404 */
function allowed(blob: ProfileBlob, node: string): Extract<ProfileBlob, { kind: 'found' }> {
  switch (blob.kind) {
    case 'found':
      return blob;
    case 'elsewhere': {
      const detail = `no container of ${node} has an image with this profile: ask for those that its desired state names`;
      throw new Problem({ status: 403, code: 'other-node', detail });
    }
    case 'gone': {
      const detail = 'the profile has other content by now: the next desired state names its new digest';
      throw new Problem({ status: 404, code: 'profile-changed', detail });
    }
  }
}
