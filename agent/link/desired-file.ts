/** The last desired state, kept for the time when the operator cannot be reached. */
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { desiredState, type DesiredState } from '../../core/wire/agent.ts';
import type { Log } from '../log.ts';
import { writeDurably } from './durable-file.ts';

const kept = z.object({ receivedAt: z.number(), state: desiredState });

/** Before the operator has said anything: watch new containers, so that their start is not missed, and profile none. */
export const initialDesired: DesiredState = {
  type: 'desired',
  version: 0,
  profiling: true,
  startPhaseSeconds: 180,
  maxSlots: 0,
  slots: [],
  refused: [],
  probes: [],
  profiles: [],
};

export function saveDesired(path: string, state: DesiredState, receivedAt: number): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeDurably(path, JSON.stringify({ receivedAt, state }));
}

/** A slot is for one period: those that were granted longer ago than that are over. */
export function loadDesired(path: string, now: number, log: Log): DesiredState {
  try {
    const { receivedAt, state } = kept.parse(JSON.parse(readFileSync(path, 'utf8')));
    return { ...state, slots: state.slots.filter(({ periodSeconds }) => now < receivedAt + periodSeconds * 1_000) };
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!missing) log.warn({ err: error, path }, 'last desired state is unreadable and is ignored');
    return initialDesired;
  }
}
