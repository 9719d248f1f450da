import { isDeepStrictEqual } from 'node:util';
import type { Settings } from './settings.ts';

/** The settings in force, and word of every change. */
export class SettingsSource {
  readonly #listeners = new Set<(settings: Settings) => void>();
  #current: Settings;

  constructor(initial: Settings) {
    this.#current = initial;
  }

  get current(): Settings {
    return this.#current;
  }

  /** @returns false if these are the settings already; then nobody is told */
  set(settings: Settings): boolean {
    if (isDeepStrictEqual(settings, this.#current)) return false;
    this.#current = settings;
    for (const listener of this.#listeners) listener(settings);
    return true;
  }

  /** Calls `listener` with every later change; returns the way to end it. */
  subscribe(listener: (settings: Settings) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
