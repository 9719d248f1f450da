import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../activity/snapshot.ts';
import { commonality } from './commonality.ts';
import { emptyEvidence, type Evidence } from './evidence.ts';
import { evidenceOfSnapshot } from './from-snapshot.ts';
import { mergeEvidence } from './merge.ts';
import { contextOf, seenAt, snapshotOf } from './testing.ts';

type Phase = 'start' | 'run';

/** A container that runs one program and reads these files. */
function container(number: number, files: readonly string[], changes: Partial<Snapshot> = {}, phase: Phase = 'run') {
  return snapshotOf(number, {
    processes: [{ ...seenAt(), parent: -1, executable: '/nginx', maxInstances: 1 }],
    files: files.map((path) => ({ ...seenAt(phase), process: 0, path, access: ['read'] })),
    ...changes,
  });
}

function evidenceOf(snapshots: readonly Snapshot[]): Evidence {
  return snapshots.reduce(
    (all, snapshot) => mergeEvidence(all, evidenceOfSnapshot(snapshot, contextOf())),
    emptyEvidence,
  );
}

function scores(snapshots: readonly Snapshot[]): { profile: number | undefined; [path: string]: number | undefined } {
  const evidence = evidenceOf(snapshots);
  const { of, profile } = commonality(evidence);
  const files = [...evidence.files.values()].map((file): [string, number | undefined] => [
    file.path,
    of('files', file),
  ]);
  return { ...Object.fromEntries(files), profile };
}

describe('commonality', () => {
  it('of three equal replicas: shared is 100, done in one is 33', () => {
    const three = [container(1, ['/conf', '/odd']), container(2, ['/conf']), container(3, ['/conf'])];
    // Program and /conf are shared by all 3 pairs; /odd by none, and 2 of the 3 pairs have a container that shows it:
    // (3 + 3 + 0) / (3 + 3 + 2) = 75 %.
    expect(scores(three)).toEqual({ '/conf': 100, '/odd': 33, profile: 75 });
  });

  it('of one container: behaviours have it, the profile has none', () => {
    expect(scores([container(1, ['/conf'])])).toEqual({ '/conf': 100, profile: undefined });
  });

  it('rounds half up', () => {
    const eight = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => container(number, number === 1 ? ['/eighth'] : []));
    expect(scores(eight)['/eighth']).toBe(13);
  });

  it('asks for what only happens at the start those alone whose start was seen', () => {
    const late = container(3, [], { startSeen: false });
    const early = [container(1, ['/init'], {}, 'start'), container(2, ['/init'], {}, 'start')];
    expect(scores([...early, late])['/init']).toBe(100);
    expect(scores([container(1, ['/init']), container(2, ['/init']), late])['/init']).toBe(67);
  });

  it('asks only those containers of which the kind was collected', () => {
    const blind = container(3, [], { kindsCollected: ['process'] });
    expect(scores([container(1, ['/conf']), container(2, ['/conf']), blind])).toEqual({ '/conf': 100, profile: 100 });
  });

  it('does not exist where nobody could have shown it', () => {
    const started = container(1, ['/init'], { startSeen: false }, 'start');
    expect(scores([started])['/init']).toBeUndefined();
  });

  it('of a process stands beside what its files, names and endpoints have in common', () => {
    const evidence = evidenceOf([container(1, ['/a', '/b']), container(2, ['/a'])]);
    const [process = ''] = evidence.processes.keys();
    expect(commonality(evidence).within(process)).toEqual({ files: 50, dns: undefined, network: undefined });
  });
});
