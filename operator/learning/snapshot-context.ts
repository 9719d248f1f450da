/**
 * What the operator added to a snapshot when it came: whose container it was, and whose the addresses were. Kept beside the
 * raw bytes, because nobody can be asked later: pods are gone then, and their addresses are others'.
 */
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { z } from 'zod';
import type { SnapshotContext } from '../../core/profile/from-snapshot.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** 2,000 endpoints, each asked about at two times, of 500 bytes: 2 MB. */
const maxJsonBytes = 4 * 1024 * 1024;

const named = z.string();
const peer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('service'), namespace: named, name: named }),
  z.object({ kind: z.literal('workload'), namespace: named, workload: named, name: named }),
  z.object({ kind: z.literal('external'), block: named }),
  z.object({ kind: z.enum(['node', 'apiserver', 'dns', 'self', 'unknown']) }),
]);

const storedContext = z.object({
  node: named,
  namespace: named,
  workload: named,
  digest: named.exactOptional(),
  clusterDomain: named.exactOptional(),
  searchDomains: z.array(named).readonly().exactOptional(),
  notBefore: z.number(),
  notAfter: z.number(),
  /** Question and answer. */
  peers: z.array(z.tuple([named, z.object({ peer, port: z.int() })])),
});

type Question = Parameters<SnapshotContext['resolve']>[0];
type Answer = ReturnType<SnapshotContext['resolve']>;

const keyOf = ({ address, port, protocol, at }: Question): string => `${protocol} ${address} ${port} ${at}`;

export interface RecordedContext {
  /** The same context; what is asked of it is remembered. */
  readonly context: SnapshotContext;
  /** With all that was asked so far. */
  pack(): Promise<Uint8Array>;
}

export function recordContext({ resolve, digest, ...facts }: SnapshotContext): RecordedContext {
  const peers = new Map<string, Answer>();
  // Asked once: a second answer to the same question could be another, and only one is kept.
  const remembering = (question: Question): Answer => {
    const key = keyOf(question);
    const answer = peers.get(key) ?? resolve(question);
    peers.set(key, answer);
    return answer;
  };
  const plain = { ...facts, ...(digest !== undefined && { digest }) };
  return {
    context: { ...plain, resolve: remembering },
    pack: () => compress(JSON.stringify({ ...plain, peers: [...peers] } satisfies z.input<typeof storedContext>)),
  };
}

/** What was never asked about is unknown. @throws Error for bytes that are damaged or from another version */
export async function unpackContext(bytes: Uint8Array): Promise<SnapshotContext> {
  const json = await decompress(bytes, { maxOutputLength: maxJsonBytes });
  const { peers, ...facts } = storedContext.parse(JSON.parse(json.toString()));
  const answers = new Map(peers);
  return {
    ...facts,
    resolve: (question) => answers.get(keyOf(question)) ?? { peer: { kind: 'unknown' }, port: question.port },
  };
}
