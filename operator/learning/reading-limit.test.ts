/** Evidence as large as it can be, in the thread that reads it: an answer or a clear refusal, and the process lives. */
import { Registry } from 'prom-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { zstdCompressSync } from 'node:zlib';
import { fileAccesses } from '../../core/activity/snapshot.ts';
import { lineageId } from '../../core/profile/evidence.ts';
import { containerNumber, epoch } from '../../core/profile/testing.ts';
import { createCheckMetrics } from '../metrics/checks.ts';
import { ProfileTooLargeError, ReadingStoppedError } from '../server/ports.ts';
import { memoryStore } from '../store/testing/memory-store.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { maxEvidenceJsonBytes, unpackedLength } from './evidence-bytes.ts';
import { requireRoom } from './reading-room.ts';
import { createReading, type ReadingOptions } from './reading-thread.ts';

const mebibyte = 1024 * 1024;
const app = { executable: '/app' };
const seen = [1, 1, epoch, epoch, '1'] as const;
const processId = lineageId(undefined, app);

/** Half a minute is what seconds become on a machine that does much else. */
const patience = 120_000;

/** A number in letters: digits would become a pattern. */
const word = (number: number): string =>
  number.toString().replaceAll(/\d/g, (digit) => 'abcdefghij'[Number(digit)] ?? '');

/** As the store has it, with as many rows as it takes. */
function evidenceOf(jsonBytes: number, pathLength: number): { readonly bytes: Uint8Array; readonly files: number } {
  const path = (number: number): string => `/${word(number)}/`.padEnd(pathLength, 'x');
  const row = (number: number): unknown[] => [processId, path(number), fileAccesses.indexOf('read'), ...seen];
  const files = Math.floor(jsonBytes / (JSON.stringify(row(10_000)).length + 1));
  const json = JSON.stringify({
    formatVersion: 2,
    containers: [[containerNumber(1), 1, 15, 'node-1', 'shop/Deployment/web', 'sha256:aa']],
    snapshots: [[0, epoch, epoch + 60_000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    processes: [[-1, app, 1, ...seen]],
    files: Array.from({ length: files }, (_, number) => row(number)),
    dns: [],
    network: [],
    omitted: { processes: [], files: [], dns: [], network: [] },
  });
  return { bytes: zstdCompressSync(json), files };
}

function readingWith(fields: Partial<ReadingOptions>) {
  const reading = createReading({
    store: memoryStore().store,
    known: { named: () => undefined },
    inventory: { ofImage: () => [] },
    memory: { isScarce: false },
    metrics: createCheckMetrics(new Registry()),
    clock: new FakeClock(),
    secret: new Uint8Array(16),
    // Whatever the tests beside this one hold.
    limitBytes: 2 ** 40,
    ...fields,
  });
  onTestFinished(() => reading.close());
  return reading;
}

it(
  'compiles evidence of as many bytes as are ever written',
  async () => {
    const { bytes, files } = evidenceOf(maxEvidenceJsonBytes, 4_000);
    expect((await unpackedLength(bytes)) / maxEvidenceJsonBytes).toBeGreaterThan(0.99);
    const facts = { fingerprints: 1 + files, omitted: { processes: 0, files: 0, dns: 0, network: 0 } };
    expect(await readingWith({}).compile(bytes, [])).toMatchObject({ kind: 'compiled', facts });
  },
  patience,
);

it(
  'refuses evidence that fills the heap, and reads the next',
  async () => {
    const reading = readingWith({ heapMiB: 24 });
    expect(await reading.compile(evidenceOf(4 * mebibyte, 12).bytes, [])).toEqual({
      kind: 'not-compiled',
      reason: 'the profile is too large to be read in the memory that there is for it',
    });
    expect(await reading.compile(evidenceOf(1_000, 12).bytes, [])).toMatchObject({ kind: 'compiled' });
  },
  patience,
);

describe('of the memory limit of the chart, 512 MiB', () => {
  const using = (used: number, limit = 512) => ({ limitBytes: limit * mebibyte, usedBytes: () => used * mebibyte });

  it('the largest evidence has room beside an operator at rest, and usual evidence beside a busy one', () => {
    expect(() => requireRoom(maxEvidenceJsonBytes, using(150))).not.toThrow();
    expect(() => requireRoom(0.6 * mebibyte, using(420))).not.toThrow();
    expect(() => requireRoom(3 * mebibyte, using(410))).not.toThrow();
  });

  it('what has no room now is told from what never has', () => {
    expect(() => requireRoom(maxEvidenceJsonBytes, using(200))).toThrow(ReadingStoppedError);
    expect(() => requireRoom(maxEvidenceJsonBytes, using(200))).not.toThrow(ProfileTooLargeError);
    expect(() => requireRoom(maxEvidenceJsonBytes, using(0, 256))).toThrow(ProfileTooLargeError);
  });
});
