import { describe, expect, it } from 'vitest';
import type { Actor, Snapshot } from '../activity/snapshot.ts';
import { decodeEvidence } from './decode-evidence.ts';
import { encodeEvidence } from './encode-evidence.ts';
import { emptyEvidence, type Evidence } from './evidence.ts';
import { evidenceOfSnapshot } from './from-snapshot.ts';
import { mergeEvidence } from './merge.ts';
import { publish } from './publish.ts';
import { contextOf, seenAt, snapshotOf } from './testing.ts';

const by = (...actors: Actor[]) => ({ ...seenAt(), actors });

/** The program itself, and a shell below nothing, which reads a file. */
function container(number: number, shell: Actor[], file: Actor[] = shell): Snapshot {
  return snapshotOf(number, {
    processes: [
      { ...by('entrypoint'), parent: -1, executable: '/app', maxInstances: 1 },
      { ...by(...shell), parent: -1, executable: '/bin/sh', maxInstances: 1 },
    ],
    files: [{ ...by(...file), process: 1, path: '/etc/passwd', access: ['read'] }],
  });
}

function evidenceOf(...snapshots: readonly Snapshot[]): Evidence {
  return snapshots
    .map((snapshot) => evidenceOfSnapshot(snapshot, contextOf()))
    .reduce((all, part) => mergeEvidence(all, part), emptyEvidence);
}

function shown(evidence: Evidence): readonly [readonly string[], object] {
  const { behavior, evidence: facts } = publish(decodeEvidence(encodeEvidence(evidence)), { lostPeriods: 0 });
  const processes = behavior.processes.map(
    ({ executable, actors, commonality }) => `${executable} ${actors.join()} ${commonality}`,
  );
  const files = behavior.files.map(({ path, actors, commonality }) => `${path} ${actors?.join() ?? ''} ${commonality}`);
  return [[...processes.sort(), ...files], facts.setAside];
}

describe('known behaviour', () => {
  it('is not what only probes and people at terminals show, which is kept and counted', () => {
    const evidence = evidenceOf(
      container(1, ['interactive']),
      container(2, ['probe']),
      container(3, ['probe', 'interactive']),
    );
    expect(shown(evidence)).toEqual([['/app entrypoint 100'], { processes: 1, files: 1, dns: 0, network: 0 }]);
  });

  it('is what commands without a terminal do, and what ran before anybody watched', () => {
    const evidence = evidenceOf(container(1, ['exec']), container(2, ['unknown']));
    expect(shown(evidence)).toEqual([
      ['/app entrypoint 100', '/bin/sh exec,unknown 100', '/etc/passwd  100'],
      { processes: 0, files: 0, dns: 0, network: 0 },
    ]);
  });

  it('has the containers that showed it by themselves, whoever else did it in others', () => {
    const alone = evidenceOf(
      container(1, ['exec']),
      container(2, ['entrypoint'], ['interactive']),
      container(3, ['probe']),
    );
    expect(shown(alone)).toEqual([
      ['/app entrypoint 100', '/bin/sh entrypoint,exec 67', '/etc/passwd exec 33'],
      { processes: 0, files: 0, dns: 0, network: 0 },
    ]);
  });

  it('tells of people beside those who teach, in the same container', () => {
    expect(shown(evidenceOf(container(1, ['exec', 'interactive'])))[0]).toContain('/bin/sh exec,interactive 100');
  });

  it('ends where a lineage is not known, whatever an agent says of what lies below', () => {
    expect(shown(evidenceOf(container(1, ['interactive'], ['entrypoint'])))).toEqual([
      ['/app entrypoint 100'],
      { processes: 1, files: 1, dns: 0, network: 0 },
    ]);
  });
});
