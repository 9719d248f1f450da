/** One agent of the thousand is somebody else's: what it does with the one token and the one address that it has. */
import { constants, zstdCompressSync } from 'node:zlib';
import { formatVersion, noLosses, snapshotId, type Snapshot } from '../../core/activity/snapshot.ts';
import type { AgentReport } from '../../core/wire/agent.ts';
import { LoadConnection, type Target } from './connection.ts';
import type { FleetNode } from './fleet.ts';

export interface FloodOptions {
  /** Whose agent was taken over. */
  readonly node: FleetNode;
  readonly token: string;
  readonly target: Target;
  /** Whose containers it lies about. */
  readonly victim: FleetNode;
}

/** Requests of each kind that are under way at any time; none waits before the next. */
const parallel = 8;

/** Well-formed, as large as a snapshot may be, and of a container on another node. */
function foreignSnapshot({ victim }: FloodOptions): Buffer {
  const [id = ''] = containerIds(victim);
  const now = Date.now();
  const at = { actors: ['entrypoint' as const], phases: ['run' as const], first: now, last: now };
  const snapshot: Snapshot = {
    formatVersion,
    snapshotId: snapshotId(id, now),
    slotId: 'invented',
    container: { id, name: 'main', podUid: 'u', podName: 'p', podNamespace: 'n' },
    from: now,
    to: now,
    ended: false,
    startSeen: true,
    gaps: [],
    blindSpots: [],
    events: 0,
    losses: noLosses(),
    kindsCollected: ['process', 'file'],
    processes: [{ ...at, parent: -1, executable: '/bin/miner', maxInstances: 1 }],
    files: Array.from({ length: 10_000 }, (_, file) => ({
      ...at,
      process: 0,
      path: `/tmp/${file}/${'x'.repeat(300)}`,
      access: ['read' as const],
    })),
    dns: [],
    network: [],
  };
  return pack(JSON.stringify(snapshot));
}

/** 8 MiB of empty objects in a few hundred bytes. */
function bomb(): Buffer {
  return pack(`[${'{},'.repeat(2_700_000)}{}]`);
}

function pack(text: string): Buffer {
  return zstdCompressSync(text, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
}

function containerIds({ pods }: FleetNode): string[] {
  return pods.flatMap(({ containers }) => containers.map(({ id }) => id));
}

/** A thousand containers, the first of them those of the victim. */
function foreignReport({ victim }: FloodOptions): Buffer {
  const ids = containerIds(victim);
  const report: AgentReport = {
    protocol: 1,
    agentVersion: '0.1.0',
    instance: 'lie',
    capture: { state: 'ready', variant: 'classic', reason: '' },
    runningVersion: 0,
    containers: Array.from({ length: 1_000 }, (_, index) => ({
      id: ids[index] ?? index.toString(16).padStart(64, 'f'),
      state: 'finished',
      startSeen: true,
    })),
    lostPeriods: [],
    profiles: { held: [], failed: [] },
    counters: Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`invented_${index}_total`, index])),
    gauges: {},
  };
  return Buffer.from(JSON.stringify(report));
}

/** Floods until `signal` is aborted; returns the answers by their status. */
export async function flood(options: FloodOptions, signal: AbortSignal): Promise<Record<string, number>> {
  const { node, token, target } = options;
  const answers = new Map<string, number>();
  const attacks = [
    { path: '/agent/v1/snapshots', body: foreignSnapshot(options), token },
    { path: '/agent/v1/snapshots', body: bomb(), token },
    { path: '/agent/v1/report', body: foreignReport(options), token },
    { path: '/agent/v1/report', body: Buffer.from('{}'), token: 'no token at all' },
  ];
  const attack = async ({ path, body, token: shown }: (typeof attacks)[number]): Promise<void> => {
    const connection = new LoadConnection(target, shown, node.address);
    while (!signal.aborted) {
      const status = await connection.call({ method: 'POST', path, body, signal }).then(
        ({ status }) => String(status),
        () => 'connection closed',
      );
      answers.set(status, (answers.get(status) ?? 0) + 1);
    }
    connection.close();
  };
  await Promise.all(attacks.flatMap((one) => Array.from({ length: parallel }, () => attack(one))));
  return Object.fromEntries(answers);
}
