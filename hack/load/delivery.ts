/** How long sealed profiles took to the nodes that ran their images by then. Pure but for the reading of the seals. */
import { z } from 'zod';
import type { KubeClient } from '../../operator/kube/client.ts';
import { median } from '../bench/statistics.ts';

export interface Seal {
  /** Name of the image, without its tag. */
  readonly image: string;
  readonly digest: string;
  /** Milliseconds since the epoch, whole seconds. */
  readonly at: number;
}

/** What a node knows of itself; times in milliseconds since the epoch. */
export interface Holder {
  /** Since when it has a container of the image; undefined if it has none. */
  runsSince(image: string): number | undefined;
  /** Since when it holds the profile; undefined if it does not. */
  holdsSince(digest: string): number | undefined;
}

export interface Delivery {
  /** Sealed profiles whose images ran somewhere when they were sealed. */
  readonly profiles: number;
  /** Of all of them on all nodes. */
  readonly copies: number;
  readonly missing: number;
  /** From the seal of a profile to its last copy: the middle of all profiles, and the slowest. */
  readonly lastCopySeconds: { readonly median: number; readonly most: number };
  /** From the first seal of all to the last copy of all. */
  readonly seconds: number;
}

/** Containers that started after the seal do not count: their nodes had nothing to wait for until then. */
export function deliveryOf(seals: readonly Seal[], nodes: readonly Holder[]): Delivery {
  const waits: number[] = [];
  let [copies, missing, first, last] = [0, 0, Infinity, -Infinity];
  for (const { image, digest, at } of seals) {
    const waiting = nodes.filter((node) => (node.runsSince(image) ?? Infinity) <= at);
    const held = waiting.flatMap((node) => node.holdsSince(digest) ?? []);
    missing += waiting.length - held.length;
    if (held.length === 0) continue;
    copies += held.length;
    const end = Math.max(...held);
    waits.push((end - at) / 1_000);
    first = Math.min(first, at);
    last = Math.max(last, end);
  }
  const lastCopySeconds =
    waits.length === 0 ? { median: 0, most: 0 } : { median: median(waits), most: Math.max(...waits) };
  return { profiles: waits.length, copies, missing, lastCopySeconds, seconds: Math.max(0, (last - first) / 1_000) };
}

const profileList = z.object({
  items: z.array(
    z.object({
      spec: z.object({ image: z.object({ name: z.string() }) }),
      status: z.object({
        compiled: z.object({ digest: z.string() }).optional(),
        conditions: z.array(z.object({ type: z.string(), message: z.string() })),
      }),
    }),
  ),
});

/** Of all profiles that are sealed and compiled. The condition says when; the time of its change may be later. */
export async function sealsOf(client: KubeClient): Promise<Seal[]> {
  const path = '/apis/workloadsecurity.dev/v1alpha1/securityprofiles';
  const { items } = profileList.parse(await client.request({ method: 'GET', path, timeoutMs: 120_000 }));
  return items.flatMap(({ spec, status: { compiled, conditions } }) => {
    const message = conditions.find(({ type }) => type === 'Stable')?.message ?? '';
    const at = /^Sealed since (\S+) /.exec(message)?.[1];
    if (compiled === undefined || at === undefined) return [];
    return [{ image: spec.image.name, digest: compiled.digest, at: Date.parse(at) }];
  });
}
