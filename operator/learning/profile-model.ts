/** A profile as the store knows it, now or at a time: with room for what the Kubernetes object has to leave out. */
import { publish } from '../../core/profile/publish.ts';
import { group, version } from '../../crds/group.ts';
import type { Found, ProfileModel } from '../server/ports.ts';
import { compiledField } from './compiled-status.ts';
import type { Reads } from './reading-protocol.ts';
import { evidenceAt } from './rebuild.ts';

/** Some 20 times the object; lists still hold the 4,000 entries of its schema, and `omitted` counts the rest. */
const modelBytes = 4 * 1024 * 1024;

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
    const publication = publish(then.evidence, { lostPeriods, quarantine, bytes: modelBytes });
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
