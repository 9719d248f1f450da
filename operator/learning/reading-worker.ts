/**
 * The thread that reads whole profiles: decoding, merging, compiling and comparing take up to half a second at a piece, during
 * which the event loop would serve no agent. What it needs of the store and of the cluster it asks the main thread for.
 */
import { setPriority } from 'node:os';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { z } from 'zod';
import type { ProfileModel, UnknownAnswer } from '../server/ports.ts';
import { profileModels } from './profile-model.ts';
import type { Asking, FromThread, ReadMethod, ReadResult, Reads, ThreadOptions, ToThread } from './reading-protocol.ts';
import { unknownBehaviours } from './unknown.ts';

const threadOptions = z.object({ secret: z.instanceof(Uint8Array) });

/** Of this thread alone, as Linux has it: where processors are few, those who wait for the main thread come first. */
const niceness = 10;

interface Waiting {
  resolve(value: unknown): void;
}

function serve(port: MessagePort, { secret }: ThreadOptions): void {
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
    evidence: (image) => read('evidence', image),
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

  async function answer(asking: Asking): Promise<UnknownAnswer | ProfileModel> {
    const found = await (asking.what === 'unknown' ? unknown(asking.question) : models(asking.name, asking.at));
    return found.kind === 'found'
      ? { kind: 'found', json: new TextEncoder().encode(JSON.stringify(found.value)) }
      : found;
  }

  port.on('message', (message: ToThread) => {
    if (message.type === 'value') {
      waiting.get(message.id)?.resolve(message.value);
      waiting.delete(message.id);
      return;
    }
    const { id, asking } = message;
    // What fails here ends the thread, and with it the question: 'unhandledRejection' becomes its error.
    void answer(asking).then((found) =>
      send({ type: 'answer', id, answer: found }, found.kind === 'found' ? [found.json.buffer] : []),
    );
  });
}

if (parentPort !== null) {
  setPriority(niceness);
  serve(parentPort, threadOptions.parse(workerData));
}
