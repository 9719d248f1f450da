/** 200 snapshots of 5,000 behaviours become evidence, in a process of its own; prints what that took as JSON. */
import { readFileSync } from 'node:fs';
import { formatVersion, noLosses, type Snapshot, snapshotId } from '../../core/activity/snapshot.ts';
import { encodeEvidence } from '../../core/profile/encode-evidence.ts';
import { behaviourKinds } from '../../core/profile/evidence.ts';
import { sightingsOf } from '../../core/profile/from-snapshot.ts';
import { EvidenceBuilder } from '../../core/profile/merge.ts';

const snapshots = 200;
const containers = 50;
const counts = {
  processes: 60,
  libraries: 1_800,
  documents: 1_200,
  relations: 800,
  fresh: 140,
  names: 500,
  peers: 500,
};

/** A word that stands for a number, without digits. */
function word(number: number): string {
  return Array.from(String(number), (digit) => 'abcdefghij'[Number(digit)]).join('');
}

/** Most of it the same in all containers, some in one of two, and names that nobody else uses. */
function snapshotNumber(number: number): Snapshot {
  const container = number % containers;
  const id = container.toString(16).padStart(64, '0');
  const from = 1_767_225_600_000 + number * 1_800_000;
  const seen = { actors: ['entrypoint' as const], phases: ['run' as const], first: from + 5, last: from + 1_000 };
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
  const half = (index: number): string => (index % 2 === 0 ? 'all' : `half-${word(container % 2)}`);
  const paths = [
    ...numbers(counts.libraries).map((index) => `/usr/lib/x86_64-linux-gnu/${word(index)}/lib${index}.so.6`),
    ...numbers(counts.documents).map((index) => `/srv/${half(index)}/${word(index)}/document.html`),
    ...numbers(counts.relations).map((index) => `/var/lib/postgresql/data/base/${index % 7}/${1_000 + index}`),
    ...numbers(counts.fresh).map(
      (index) => `/tmp/jobs/${(number * 7_919 + index * 104_729).toString(36)}-${index}.tmp`,
    ),
  ];
  return {
    formatVersion,
    snapshotId: snapshotId(id, from),
    slotId: `slot-${number}`,
    container: { id, name: 'web', podUid: `uid-${container}`, podName: `web-${container}`, podNamespace: 'shop' },
    from,
    to: from + 1_800_000,
    ended: false,
    startSeen: true,
    gaps: [],
    blindSpots: [],
    events: 50_000,
    losses: noLosses(),
    kindsCollected: ['process', 'file', 'dns', 'network'],
    processes: numbers(counts.processes).map((index) => ({
      ...seen,
      parent: index === 0 ? -1 : Math.floor((index - 1) / 3),
      executable: `/usr/bin/program-${index}`,
      maxInstances: 1 + (number % 3),
    })),
    files: paths.map((path, index) => ({ ...seen, process: index % counts.processes, path, access: ['read'] })),
    dns: numbers(counts.names).map((index) => ({
      ...seen,
      process: index % 9,
      name: `${word(index)}.example.com`,
      types: ['A'],
    })),
    network: numbers(counts.peers).map((index) => ({
      ...seen,
      process: index % 9,
      direction: 'connect',
      protocol: 'tcp',
      address: `203.0.${index >> 1}.9`,
      port: 443 + (index % 2),
    })),
  };
}

/** Of the processor, which others may be using as well. */
function timed<Result>(work: () => Result): readonly [result: Result, milliseconds: number] {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return [result, (user + system) / 1_000];
}

const builder = new EvidenceBuilder();
let behaviours = 0;
let parsing = 0;
let merging = 0;
// One after the other, as they come: what is measured beside the evidence is one snapshot.
for (let number = 0; number < snapshots; number += 1) {
  const snapshot = snapshotNumber(number);
  const text = JSON.stringify(snapshot);
  const [, parsed] = timed((): unknown => JSON.parse(text));
  const [, added] = timed(() =>
    builder.add(
      sightingsOf(snapshot, {
        node: `node-${number % 20}`,
        namespace: 'shop',
        workload: 'shop/Deployment/web',
        digest: 'sha256:aa',
        notBefore: 0,
        notAfter: snapshot.to,
        resolve: ({ address, port }) => ({ peer: { kind: 'external', block: address }, port }),
      }),
    ),
  );
  parsing += parsed;
  merging += added;
  behaviours += snapshot.processes.length + snapshot.files.length + snapshot.dns.length + snapshot.network.length;
}
const [evidence, finished] = timed(() => builder.evidence());
merging += finished;
const peakKiB = Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
const kept = behaviourKinds.reduce((sum, kind) => sum + evidence[kind].size, 0);
console.log(JSON.stringify({ parsing, merging, behaviours, kept, bytes: encodeEvidence(evidence).length, peakKiB }));
