/**
 * The thread that reads whole profiles: decoding, merging, compiling and comparing take up to half a second at a piece, during
 * which the event loop would serve no agent. What it needs of the store and of the cluster it asks the main thread for.
 */
import { setPriority } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { z } from 'zod';
import { type Memory, processMemory } from '../server/memory.ts';
import { ProfileTooLargeError, ReadingStoppedError } from '../server/ports.ts';
import { compileStored } from './compile-stored.ts';
import { publishStored, unpackedLength } from './evidence-bytes.ts';
import { profileModels } from './profile-model.ts';
import type {
  Answer,
  Asking,
  FromThread,
  ReadMethod,
  ReadResult,
  Reads,
  ThreadOptions,
  ToThread,
} from './reading-protocol.ts';
import { requireRoom } from './reading-room.ts';
import { unknownBehaviours } from './unknown.ts';

const threadOptions = z.object({ secret: z.instanceof(Uint8Array), limitBytes: z.number().exactOptional() });

/** Of this thread alone, as Linux has it: where processors are few, those who wait for the main thread come first. */
const niceness = 10;

interface Waiting {
  resolve(value: unknown): void;
}

function serve(port: MessagePort, { secret, limitBytes }: ThreadOptions): void {
  const ofProcess = processMemory();
  const memory: Memory = {
    limitBytes: limitBytes ?? ofProcess.limitBytes,
    // What earlier work left in this heap is there for the next.
    usedBytes: () => ofProcess.usedBytes() - (working === 1 ? getHeapStatistics().total_heap_size : 0),
  };
  let working = 0;
  const send = (message: FromThread, moved: ArrayBuffer[] = []): void => port.postMessage(message, moved);
  const waiting = new Map<number, Waiting>();
  let lastId = 0;

  async function read<M extends ReadMethod>(method: M, ...args: Parameters<Reads[M]>): Promise<ReadResult<M>> {
    const { promise, ...rest } = Promise.withResolvers<ReadResult<M>>();
    lastId += 1;
    waiting.set(lastId, rest);
    port.postMessage({ type: 'read', id: lastId, method, args });
    return promise;
  }

  const reads: Reads = {
    profile: (image) => read('profile', image),
    imageNamed: (name) => read('imageNamed', name),
    evidence: async (image) => {
      const stored = await read('evidence', image);
      if (stored !== undefined) requireRoom(await unpackedLength(stored.evidence), memory);
      return stored;
    },
    snapshotCounts: (image, until) => read('snapshotCounts', image, until),
    snapshots: (image, page) => read('snapshots', image, page),
    quarantined: (image) => read('quarantined', image),
    lostPeriods: (image) => read('lostPeriods', image),
    podContainers: (image, pod) => read('podContainers', image, pod),
  };
  const models = profileModels(reads);
  const unknown = unknownBehaviours({
    reads,
    metrics: {
      onProfile: (how) => send({ type: 'compiled', how }),
      onChecked: (facts) => send({ type: 'checked', facts }),
    },
    secret,
  });

  async function answer(asking: Asking): Promise<Answer> {
    if (asking.what === 'compile' || asking.what === 'publish') {
      requireRoom(await unpackedLength(asking.evidence), memory);
      return asking.what === 'compile'
        ? compileStored(asking.evidence, asking.quarantine, secret)
        : { kind: 'published', publication: await publishStored(asking.evidence, asking.facts) };
    }
    const found = await (asking.what === 'unknown' ? unknown(asking.question) : models(asking.name, asking.at));
    return found.kind === 'found'
      ? { kind: 'found', json: new TextEncoder().encode(JSON.stringify(found.value)) }
      : found;
  }

  async function respond(id: number, asking: Asking): Promise<void> {
    working += 1;
    try {
      const found = await answer(asking);
      send({ type: 'answer', id, answer: found }, buffersOf(found));
    } catch (error) {
      // Anything else ends the thread, and with it the question: 'unhandledRejection' becomes its error.
      if (!(error instanceof ReadingStoppedError)) throw error;
      send({ type: 'refused', id, reason: error.message, isFinal: error instanceof ProfileTooLargeError });
    } finally {
      working -= 1;
    }
  }

  port.on('message', (message: ToThread) => {
    if (message.type === 'value') {
      waiting.get(message.id)?.resolve(message.value);
      waiting.delete(message.id);
      return;
    }
    void respond(message.id, message.asking);
  });
}

/** Moved, not copied. */
function buffersOf(answer: Answer): ArrayBuffer[] {
  if (answer.kind === 'found') return [answer.json.buffer];
  return answer.kind === 'compiled' ? [answer.bytes.buffer] : [];
}

if (parentPort !== null) {
  setPriority(niceness);
  serve(parentPort, threadOptions.parse(workerData));
}
