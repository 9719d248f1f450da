/** Snapshots merged into the content of a SecurityProfile, as the operator would, but without a cluster to ask. */
import type { Snapshot } from '../../core/activity/snapshot.ts';
import type { Image } from '../../core/image.ts';
import { sightingsOf } from '../../core/profile/from-snapshot.ts';
import { EvidenceBuilder } from '../../core/profile/merge.ts';
import { objectName } from '../../core/profile/object-name.ts';
import { publish } from '../../core/profile/publish.ts';
import { securityProfiles } from '../controllers/resources.ts';
import { resolveOffline } from './offline-peers.ts';

/** As the operator bounds the times of events: within five minutes of the period. */
const toleranceMs = 5 * 60_000;

/**
 * The content has the fields of the object, status included, so that both are read alike. Without an image it has no name.
 */
export function mergeSnapshots(snapshots: readonly Snapshot[], image?: Image): Record<string, unknown> {
  const builder = new EvidenceBuilder();
  for (const snapshot of snapshots) {
    const { podNamespace, podName } = snapshot.container;
    const context = {
      node: '',
      namespace: podNamespace,
      workload: `${podNamespace}/Pod/${podName}`,
      notBefore: snapshot.from - toleranceMs,
      notAfter: snapshot.to + toleranceMs,
      resolve: resolveOffline,
    };
    builder.add(sightingsOf(snapshot, context));
  }
  const { behavior, evidence: facts, commonality, recurrence } = publish(builder.evidence(), { lostPeriods: 0 });
  return {
    apiVersion: `${securityProfiles.group}/${securityProfiles.version}`,
    kind: securityProfiles.kind,
    ...(image !== undefined && { metadata: { name: objectName(image) } }),
    spec: { ...(image !== undefined && { image }), behavior, evidence: facts },
    status: {
      state: 'Learning',
      snapshots: facts.snapshots,
      containers: facts.containers,
      ...(commonality !== undefined && { commonality }),
      ...(recurrence !== undefined && { recurrence }),
    },
  };
}
