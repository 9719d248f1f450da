/** A list and watch source whose faults a test chooses: those that a real API server cannot be made to have. */
import type { ListPage, ListWatchSource } from '../source.ts';
import type { WatchEvent } from '../watch.ts';

export interface OpenWatch {
  readonly from: string;
  send(event: WatchEvent): void;
  /** Without an error: the ordinary end. */
  end(error?: Error): void;
}

export class ScriptedSource implements ListWatchSource {
  /** Answers of the coming list requests; the last one stays. */
  pages: (ListPage | Error)[] = [];
  readonly lists: (string | undefined)[] = [];
  readonly watches: OpenWatch[] = [];

  async list(next: string | undefined): Promise<ListPage> {
    this.lists.push(next);
    const page = this.pages.length > 1 ? this.pages.shift() : this.pages[0];
    if (page === undefined) throw new Error('the test has no page left');
    if (page instanceof Error) throw page;
    return page;
  }

  watch(from: string, send: (event: WatchEvent) => void, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (error?: Error): void => (error === undefined ? resolve() : reject(error));
      this.watches.push({ from, send, end });
      signal.addEventListener('abort', () => end(), { once: true });
    });
  }

  /** The watch that was opened last. */
  get open(): OpenWatch {
    const last = this.watches.at(-1);
    if (last === undefined) throw new Error('no watch was opened');
    return last;
  }
}
