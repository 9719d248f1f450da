import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { WorkloadSecurityConfigStatus } from '../../../crds/workload-security-config.ts';
import { SettingsSource } from '../../settings-source.ts';
import { defaultSettings, type Settings } from '../../settings.ts';
import type { Health } from '../../store/health.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { reconcileConfig, type ConfigObject } from './reconcile.ts';

const start = Date.parse('2030-01-01T00:00:00Z');

/** The one object as the API server would keep it, and the settings that came of it. */
function setUp(config?: ConfigObject) {
  let object = config;
  let writes = 0;
  const clock = new FakeClock(start);
  const settings = new SettingsSource(defaultSettings);
  const changes: Settings[] = [];
  let health: Health = { state: 'ready' };
  settings.subscribe((changed) => changes.push(changed));
  const reconcile = () =>
    reconcileConfig({
      api: {
        find: () => object,
        create: async () => {
          object = { metadata: { generation: 1 }, spec: {} };
        },
        applyStatus: async (status: WorkloadSecurityConfigStatus) => {
          writes += 1;
          object = withStatus(object, status);
        },
      },
      clock,
      log: pino({ enabled: false }),
      useSettings: (changed) => settings.set(changed),
      refuseSettings: (problems) => settings.refuse(problems),
      storeHealth: () => health,
    });
  const edit = (spec: unknown): void => {
    object = { ...object, metadata: { generation: (object?.metadata.generation ?? 0) + 1 }, spec };
  };
  const setHealth = (next: Health): void => void (health = next);
  return { reconcile, edit, setHealth, clock, settings, changes, object: () => object, writes: () => writes };
}

function withStatus(object: ConfigObject | undefined, status: WorkloadSecurityConfigStatus): ConfigObject {
  if (object === undefined) throw new Error('a status never creates an object');
  const { observedGeneration, conditions } = status;
  return {
    ...object,
    status: {
      ...(observedGeneration !== undefined && { observedGeneration }),
      ...(conditions !== undefined && { conditions: [...conditions] }),
    },
  };
}

describe('reconcileConfig', () => {
  it('creates the object if it is absent, and accepts it', async () => {
    const { reconcile, object, settings } = setUp();
    await reconcile();
    await reconcile();
    expect(object()).toMatchObject({
      spec: {},
      status: {
        observedGeneration: 1,
        conditions: [
          { type: 'Ready', status: 'True', reason: 'Accepted', lastTransitionTime: '2030-01-01T00:00:00Z' },
          { type: 'StoreReady', status: 'True', reason: 'Open', lastTransitionTime: '2030-01-01T00:00:00Z' },
        ],
      },
    });
    expect(settings.current).toEqual(defaultSettings);
  });

  it('puts changes in force once, and writes nothing when nothing changed', async () => {
    const { reconcile, edit, changes, writes } = setUp();
    edit({ learning: { snapshots: 7 } });
    await reconcile();
    await reconcile();
    expect(changes.map((changed) => changed.learning.snapshots)).toEqual([7]);
    expect(writes()).toBe(1);
  });

  it('keeps the last good settings while the object is bad, and says what is wrong', async () => {
    const { reconcile, edit, clock, settings, object } = setUp();
    edit({ learning: { snapshots: 7 } });
    await reconcile();
    await clock.advance(60_000);
    edit({ learning: { snapshots: 0, period: 'soon' } });
    await reconcile();
    expect(settings.current.learning.snapshots).toBe(7);
    const [condition] = object()?.status?.conditions ?? [];
    expect(condition).toMatchObject({
      status: 'False',
      reason: 'Invalid',
      lastTransitionTime: '2030-01-01T00:01:00Z',
      observedGeneration: 2,
    });
    expect(condition?.message).toMatch(/spec\.learning\.snapshots: .*spec\.learning\.period: "soon" is not a duration/);
    edit({});
    await reconcile();
    expect(settings.current).toEqual(defaultSettings);
    expect(object()?.status?.conditions).toMatchObject([{ status: 'True', observedGeneration: 3 }, {}]);
  });

  it('says why the store takes nothing, apart from whether the settings are good', async () => {
    const { reconcile, edit, setHealth, object } = setUp();
    const conditions = () => object()?.status?.conditions;
    edit({});
    setHealth({ state: 'opening' });
    await reconcile();
    expect(conditions()).toMatchObject([{ status: 'True' }, { status: 'Unknown', reason: 'Opening' }]);
    setHealth({ state: 'failing', kind: 'not-a-database', message: 'store /data/store.db: move the file away' });
    await reconcile();
    expect(conditions()).toMatchObject([
      { type: 'Ready', status: 'True' },
      { status: 'False', reason: 'NotADatabase', message: 'store /data/store.db: move the file away' },
    ]);
  });
});
