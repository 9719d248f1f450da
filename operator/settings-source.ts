import { isDeepStrictEqual } from 'node:util';
import type { Settings } from './settings.ts';

/** The settings in force, and word of every change. */
export class SettingsSource {
  readonly #listeners = new Set<(settings: Settings) => void>();
  #current: Settings;
  #problems: readonly string[] = [];

  constructor(initial: Settings) {
    this.#current = initial;
  }

  get current(): Settings {
    return this.#current;
  }

  /** What is wrong with the settings that somebody wants instead of these; empty if nothing is. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  refuse(problems: readonly string[]): void {
    this.#problems = problems;
  }

  /** @returns false if these are the settings already; then nobody is told */
  set(settings: Settings): boolean {
    this.#problems = [];
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
