/** Where an informer reads from: pages of a list, then a watch from the list's version on. */
import { z } from 'zod';
import type { KubeClient } from './client.ts';
import { RetryableError } from './errors.ts';
import { collectionPath, type Resource } from './resource.ts';
import type { WatchEvent } from './watch.ts';

export interface ListPage {
  /** Version of the whole list, the same on every page. */
  readonly resourceVersion: string;
  /** Absent on the last page. */
  readonly next?: string;
  readonly items: readonly unknown[];
}

export interface ListWatchSource {
  /** @throws KubeError; GoneError when `next` has expired */
  list(next: string | undefined, signal: AbortSignal): Promise<ListPage>;
  /**
   * Resolves at the watch's ordinary end.
   * @throws KubeError; GoneError when `resourceVersion` is no longer kept
   */
  watch(resourceVersion: string, onEvent: (event: WatchEvent) => void, signal: AbortSignal): Promise<void>;
}

export interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Length of one watch; {@link defaultWatchSeconds} if absent. */
  readonly watchSeconds?: number;
  /** Objects on one page of a list; {@link defaultPageSize} if absent, fewer for large objects. */
  readonly pageSize?: number;
}

/** 250 pods of 20 kB are 5 MB of JSON: one page keeps the event loop for less than 50 ms. */
const defaultPageSize = 250;

/**
 * Shorter than the 30 s of silence after which client-node gives a watch up: the API server sends a bookmark 2 s before
 * this end if anything of the resource has changed, selected or not. So a watch that selects little goes on from a fresh
 * version and does not run into 410 once old versions are compacted.
 */
const defaultWatchSeconds = 25;

const listSchema = z.object({
  metadata: z.object({ resourceVersion: z.string().min(1), continue: z.string().optional() }),
  items: z.array(z.unknown()).nullable(),
});

export function apiSource(client: KubeClient, resource: Resource, selection: Selection = {}): ListWatchSource {
  const path = collectionPath(resource, selection.namespace);
  const { labelSelector, fieldSelector, pageSize = defaultPageSize } = selection;
  const timeoutSeconds = selection.watchSeconds ?? defaultWatchSeconds;
  return {
    list: async (next, signal) => {
      const query = { labelSelector, fieldSelector, limit: pageSize, continue: next };
      const answer = listSchema.safeParse(await client.request({ method: 'GET', path, query, signal }));
      if (!answer.success) throw new RetryableError(`GET ${path}: not a list: ${answer.error.message}`, 0, '');
      const { metadata, items } = answer.data;
      const page = { resourceVersion: metadata.resourceVersion, items: items ?? [] };
      return metadata.continue === undefined || metadata.continue === '' ? page : { ...page, next: metadata.continue };
    },
    watch: (resourceVersion, onEvent, signal) => {
      const query = {
        labelSelector,
        fieldSelector,
        resourceVersion,
        allowWatchBookmarks: true,
        timeoutSeconds,
      };
      return client.watch({ path, query, signal }, onEvent);
    },
  };
}
