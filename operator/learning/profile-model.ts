/** A profile as the store knows it, now or at a time: with room for what the Kubernetes object has to leave out. */
import { publish } from '../../core/profile/publish.ts';
import { group, version } from '../../crds/group.ts';
import type { Found, ProfileModel } from '../server/ports.ts';
import { compiledField } from './compiled-status.ts';
import type { Reads } from './reading-protocol.ts';
import { evidenceAt } from './rebuild.ts';

/**
 * With usual names, all that evidence holds at its limits of signatures (core/profile/evidence.ts): 20,000 files × 250 bytes =
 * 5 MB, 4,000 processes × 300, 8,000 names × 150 and 8,000 endpoints × 150 = 3.6 MB. What has longer names, or address
 * blocks in place of endpoints, may have more; `omitted` counts it. A list has no more entries than the plugin reads.
 */
const room = { bytes: 9 * 1024 * 1024, entries: 100_000 };

/** As the server has it, before it is written as JSON. */
export type MadeModel = Exclude<ProfileModel, Found> | { readonly kind: 'found'; readonly value: unknown };

/** @returns fields of the object, so that both are read alike */
export function profileModels(store: Omit<Reads, 'podContainers'>): (name: string, at: number) => Promise<MadeModel> {
  return async (name, at) => {
    const image = await store.imageNamed(name);
    if (image === undefined) return { kind: 'nothing' };
    const then = await evidenceAt(store, image, at);
    if (then.kind !== 'evidence') return then;
    const [lostPeriods, quarantine, record] = await Promise.all([
      store.lostPeriods(image),
      store.quarantined(image),
      store.profile(image),
    ]);
    const publication = publish(then.evidence, { lostPeriods, quarantine, ...room });
    const { behavior, evidence, commonality, recurrence } = publication;
    const { snapshots, containers } = evidence;
    const scores = {
      ...(commonality !== undefined && { commonality }),
      ...(recurrence !== undefined && { recurrence }),
    };
    // What was compiled is what is known now.
    const compiled = then.source === 'stored' && record !== undefined ? compiledField(record) : {};
    const model = {
      apiVersion: `${group}/${version}`,
      kind: 'SecurityProfile',
      metadata: { name },
      spec: { image: { name: image.name, tag: image.tag }, behavior, evidence },
      status: { snapshots, containers, ...scores, ...compiled },
    };
    return { kind: 'found', value: model };
  };
}
