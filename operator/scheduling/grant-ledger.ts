import { imageText, type Image } from '../../core/image.ts';
import { times, type Grant } from './grant.ts';

/**
 * Ended grants that are remembered for late uploads: 1,000 nodes × 5 slots × 2 periods of 30 minutes in the hour of the
 * upload grace are 10,000; 50,000 hold that of periods of 6 minutes, in about 20 MB. Beyond, the oldest are forgotten, and
 * an upload that comes so late is refused.
 */
const endedLimit = 50_000;

interface Ended {
  readonly grant: Grant;
  readonly endedAt: number;
  readonly completed: boolean;
}

export type FoundGrant = { readonly state: 'active' | 'ended' | 'completed'; readonly grant: Grant };

/** Every grant of this operator that may still be used: those that run, and those that ended within the upload grace. */
export function grantLedger(limit = endedLimit) {
  const active = new Map<string, Grant>();
  const byNode = new Map<string, Set<string>>();
  const running = new Map<string, number>();
  // In the order of their ends.
  const ended = new Map<string, Ended>();
  let dropped = 0;

  function count(image: Image, change: 1 | -1): void {
    const key = imageText(image);
    const left = (running.get(key) ?? 0) + change;
    if (left > 0) running.set(key, left);
    else running.delete(key);
  }

  function forget(): void {
    const [oldest] = ended.keys();
    if (oldest !== undefined) ended.delete(oldest);
  }

  function end(slotId: string, now: number): void {
    const grant = active.get(slotId);
    if (grant === undefined) return;
    active.delete(slotId);
    const slots = byNode.get(grant.node);
    slots?.delete(slotId);
    if (slots?.size === 0) byNode.delete(grant.node);
    count(grant.image, -1);
    ended.set(slotId, { grant, endedAt: now, completed: false });
    if (ended.size <= limit) return;
    forget();
    dropped += 1;
  }

  return {
    add(grant: Grant): void {
      active.set(grant.slotId, grant);
      const slots = byNode.get(grant.node) ?? new Set();
      byNode.set(grant.node, slots.add(grant.slotId));
      count(grant.image, 1);
    },

    /** The agent profiles under this slot. One that was started anew has begun a period anew. */
    confirm(slotId: string, instance: string, now: number): void {
      const grant = active.get(slotId);
      if (grant === undefined) return;
      const goesOn = grant.confirmedAt !== undefined && grant.instance === instance;
      if (!goesOn) active.set(slotId, { ...grant, instance, confirmedAt: now });
    },

    /** Ends a grant that runs. */
    end,

    /** Notes that the snapshot of a grant has arrived. Returns the grant, unless there is none or it was noted before. */
    complete(slotId: string, now: number): Grant | undefined {
      end(slotId, now);
      const past = ended.get(slotId);
      if (past === undefined || past.completed) return undefined;
      ended.set(slotId, { ...past, completed: true });
      return past.grant;
    },

    find(slotId: string): FoundGrant | undefined {
      const grant = active.get(slotId);
      if (grant !== undefined) return { state: 'active', grant };
      const past = ended.get(slotId);
      return past === undefined ? undefined : { state: past.completed ? 'completed' : 'ended', grant: past.grant };
    },

    ofNode: (node: string): Grant[] =>
      [...(byNode.get(node) ?? [])].flatMap((slotId) => {
        const grant = active.get(slotId);
        return grant === undefined ? [] : [grant];
      }),

    /** Grants of an image that run, on all nodes. */
    running: (image: Image): number => running.get(imageText(image)) ?? 0,

    /** Forgets what ended before the upload grace. */
    expire(now: number): void {
      for (const { endedAt } of ended.values()) {
        if (now - endedAt < times.uploadGrace) return;
        forget();
      }
    },

    counts: () => ({ active: active.size, ended: ended.size, dropped }),
  };
}
