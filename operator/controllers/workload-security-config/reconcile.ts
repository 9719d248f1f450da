/** Keeps one WorkloadSecurityConfig, checks it, and puts it in force. */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { WorkloadSecurityConfigStatus } from '../../../crds/workload-security-config.ts';
import type { Clock } from '../../clock.ts';
import type { ReconcileResult } from '../../kube/controller.ts';
import type { ParsedSettings, Settings } from '../../settings.ts';
import { parseSettings } from '../../settings.ts';
import type { Health } from '../../store/health.ts';
import { conditionSchema, nextConditions, type ConditionFacts } from '../conditions.ts';

/** Name of the one object; the API server refuses any other. */
export const configName = 'default';

/** What of the object is looked at. The spec stays unknown: {@link parseSettings} says what is wrong with it. */
export const configSchema = z.object({
  metadata: z.object({ generation: z.number().int().default(0) }),
  spec: z.unknown(),
  status: z
    .object({
      observedGeneration: z.number().int().exactOptional(),
      conditions: z.array(conditionSchema).exactOptional(),
    })
    .exactOptional(),
});

export type ConfigObject = z.infer<typeof configSchema>;

export interface ConfigApi {
  /** From the informer. */
  find(): ConfigObject | undefined;
  /** With an empty spec: the API server fills in the defaults. Does nothing if it exists. */
  create(): Promise<void>;
  applyStatus(status: WorkloadSecurityConfigStatus): Promise<void>;
}

export interface ConfigDependencies {
  readonly api: ConfigApi;
  readonly clock: Clock;
  readonly log: Logger;
  /** Puts settings in force; called for every good object, also an unchanged one. False: they are in force already. */
  readonly useSettings: (settings: Settings) => boolean;
  readonly refuseSettings: (problems: readonly string[]) => void;
  readonly storeHealth: () => Health;
}

/** Settings that cannot be used change nothing: the last good ones stay in force, and the condition says what is wrong. */
export async function reconcileConfig(dependencies: ConfigDependencies): Promise<ReconcileResult> {
  const { api, clock, log, useSettings, refuseSettings, storeHealth } = dependencies;
  const config = api.find();
  if (config === undefined) {
    log.info({ config: configName }, 'no WorkloadSecurityConfig: creating one with the defaults');
    await api.create();
    return {};
  }
  const parsed = parseSettings(config.spec);
  if (parsed.ok && useSettings(parsed.settings)) log.info({ settings: parsed.settings }, 'settings changed');
  if (!parsed.ok) refuseSettings(parsed.problems);
  if (!parsed.ok) log.error({ problems: parsed.problems }, 'settings refused, the last good ones stay in force');

  const generation = config.metadata.generation;
  const wanted = [ready(parsed), storeReady(storeHealth())];
  const conditions = nextConditions(config.status?.conditions ?? [], wanted, { now: clock.now(), generation });
  const status: WorkloadSecurityConfigStatus = { observedGeneration: generation, conditions };
  if (!isDeepStrictEqual(status, config.status)) await api.applyStatus(status);
  return {};
}

function ready(parsed: ParsedSettings): ConditionFacts {
  if (parsed.ok) return { type: 'Ready', status: 'True', reason: 'Accepted', message: 'The settings are in force.' };
  const message = `The last good settings stay in force. Correct these: ${parsed.problems.join('; ')}`;
  return { type: 'Ready', status: 'False', reason: 'Invalid', message };
}

/** Apart from Ready, which speaks of the settings; here, because this object is there when the store is not. */
function storeReady(health: Health): ConditionFacts {
  const type = 'StoreReady';
  switch (health.state) {
    case 'opening':
      return { type, status: 'Unknown', reason: 'Opening', message: 'The store is being opened and checked.' };
    case 'ready':
      return { type, status: 'True', reason: 'Open', message: 'The store takes what is learned.' };
    case 'failing':
      return { type, status: 'False', reason: upperCamelCase(health.kind), message: health.message };
  }
}

function upperCamelCase(words: string): string {
  return words.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
