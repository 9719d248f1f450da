import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imageText } from '../../core/image.ts';
import { containerStates } from '../../core/wire/agent.ts';
import { compileExclusions } from './exclusion.ts';
import type { NodeSituation } from './grant.ts';
import { plan, type NodePlan } from './plan.ts';
import {
  containerId,
  context,
  grant,
  histories,
  imageOf,
  minute,
  now,
  record,
  reported,
  situation,
  type World,
} from './testing/situations.ts';

const nginx = imageOf('nginx');
const redis = imageOf('redis');
const cron = imageOf('cron');
const learning = (snapshots: number, containers = 1) => ({ state: 'learning' as const, snapshots, containers });

function planOne(fields: Partial<NodeSituation>, world: World): NodePlan {
  const [only] = plan([situation(fields)], context(world));
  if (only === undefined) throw new Error('no plan for the node');
  return only;
}

const added = (one: NodePlan): string[] => one.add.map((candidate) => candidate.containerId);

describe('grants', () => {
  it('go first to images that were taught least, then to unseen containers', () => {
    const records = [record(1, nginx), record(2, redis), record(3, redis)];
    const { add, reasons } = planOne(
      { containers: [reported(1), reported(2), reported(3)], histories: histories(2, { grants: 1 }) },
      {
        records,
        settings: { maxContainersPerNode: 1 },
        profiles: { [imageText(nginx)]: learning(9), [imageText(redis)]: learning(2) },
      },
    );
    expect(add).toMatchObject([{ containerId: containerId(3) }]);
    expect(reasons.get(containerId(3))?.code).toBe('granted');
    expect(reasons.get(containerId(1))?.text).toBe('waiting: 1 image taught less');
    expect(reasons.get(containerId(2))?.text).toBe('node full: 1 of 1 slots are in use');
  });

  it('go to a start that was caught before a container that runs on', () => {
    const containers = [reported(1), reported(2, { state: 'provisional' }), reported(3, { state: 'finished' })];
    const records = [record(1, nginx), record(2, nginx), record(3, nginx)];
    const one = planOne({ containers }, { records, settings: { maxContainersPerNode: 2 } });
    expect(added(one)).toEqual([containerId(2), containerId(3)]);
    expect(one.add.map(({ finished }) => finished)).toEqual([false, true]);
  });

  it('are spread over images, and for one image over nodes', () => {
    const records = [1, 2, 3, 4, 5].map((n) =>
      record(n, n === 5 ? redis : nginx, { node: n === 3 ? 'node-b' : 'node-a' }),
    );
    const nodes = ['node-a', 'node-b'].map((node) => {
      const here = records.filter((one) => one.node === node);
      return situation({ node, containers: here.map(({ id }) => ({ ...reported(0), id })) });
    });
    const plans = plan(nodes, context({ records, settings: { maxContainersPerNode: 2 } }));
    expect(plans.map((one) => added(one).toSorted())).toEqual([[containerId(1), containerId(5)], [containerId(3)]]);
  });

  it('go to an image that has waited long before one that teaches more', () => {
    const records = [record(1, nginx), record(2, redis)];
    const world = {
      records,
      settings: { maxContainersPerNode: 1 },
      profiles: { [imageText(nginx)]: learning(199, 40) },
    };
    const containers = [reported(1), reported(2)];
    expect(added(planOne({ containers }, world))).toEqual([containerId(2)]);
    const waited = { [imageText(nginx)]: 9 * 30 * minute };
    expect(added(planOne({ containers }, { ...world, waited }))).toEqual([containerId(1)]);
  });

  it('leave one slot to containers that end within seconds, where there are such', () => {
    const numbers = [1, 2, 3, 4, 5, 6];
    const records = [...numbers.map((n) => record(n, imageOf(`image-${n}`))), record(7, cron)];
    const running = numbers.map((n) => reported(n));
    const before = planOne({ containers: running, shortLivedAt: now - minute }, { records });
    expect(before.add).toHaveLength(4);
    expect(before.reasons.get(containerId(6))?.text).toBe(
      'node full: 4 of 5 slots are in use, one is kept for containers that end within seconds',
    );
    const grants = numbers.slice(0, 4).map((n) => grant(n, imageOf(`image-${n}`), { confirmedAt: now }));
    const containers = [...running, reported(7, { state: 'finished' })];
    expect(added(planOne({ containers, grants, shortLivedAt: now }, { records }))).toEqual([containerId(7)]);
    expect(planOne({ containers: running }, { records }).add).toHaveLength(5);
    expect(planOne({ containers: running, shortLivedAt: now - 11 * minute }, { records }).add).toHaveLength(5);
  });

  it.each([
    ['not-ready', 'agent not ready: kernel 4.19 is too old', 'agent-not-ready'],
    ['unreachable', 'agent was not heard of for 2 minutes', 'agent-unreachable'],
  ] as const)('are not given to an agent that is %s', (state, why, code) => {
    const one = planOne({ containers: [reported(1)], agent: { state, why } }, { records: [record(1, nginx)] });
    expect(one.add).toEqual([]);
    expect(one.reasons.get(containerId(1))).toEqual({ code, text: why });
  });
});

describe('refusals', () => {
  it.each([
    ['stable', { profiles: { [imageText(nginx)]: { state: 'stable', snapshots: 1, containers: 1 } } }, {}],
    ['share', { taughtShare: [imageText(nginx)] }, {}],
    ['excluded', { settings: { excluded: compileExclusions([{ namespace: 'shop' }]) } }, {}],
    ['disabled', { settings: { enabled: false } }, {}],
    ['own-pod', {}, { pod: { uid: 'u', namespace: 'workload-security', name: 'p', partOf: 'workload-security' } }],
    ['other-node', {}, { node: 'node-b' }],
  ] as const)('name the reason %s, and let the agent drop its trees', (code, world: World, fields) => {
    for (const state of containerStates.filter((one) => one !== 'profiling')) {
      const one = planOne({ containers: [reported(1, { state })] }, { records: [record(1, nginx, fields)], ...world });
      expect(one.add).toEqual([]);
      expect(one.reasons.get(containerId(1))?.code).toBe(code);
      expect(one.refuse).toEqual(state === 'idle' ? [] : [containerId(1)]);
    }
  });

  it('meet the finished container whose snapshot has arrived, though its agent does not know yet', () => {
    const finished = reported(1, { state: 'finished' });
    const one = planOne(
      { containers: [finished], histories: histories(1, { done: true }) },
      { records: [record(1, nginx)] },
    );
    expect(one).toMatchObject({ add: [], refuse: [containerId(1)] });
  });

  it('meet those alone whose namespace has taught its share of their image, and leave their slots to others', () => {
    const pod = { uid: 'u', namespace: 'other', name: 'p' };
    const records = [record(1, nginx), record(2, nginx, { pod }), record(3, redis)];
    const containers = [reported(1), reported(2), reported(3)];
    const world = { records, taughtShare: [imageText(nginx)], settings: { maxContainersPerNode: 2 } };
    const one = planOne({ containers }, world);
    expect(added(one).toSorted()).toEqual([containerId(2), containerId(3)]);
    expect(one.reasons.get(containerId(1))?.text).toBe(
      'share taken: namespace shop has taught its share of registry.example.com/nginx:v1',
    );
  });

  it('spare pods that merely carry our label in a namespace of somebody else', () => {
    const pod = { uid: 'u', namespace: 'shop', name: 'p', partOf: 'workload-security' };
    const one = planOne({ containers: [reported(1)] }, { records: [record(1, nginx, { pod })] });
    expect(added(one)).toEqual([containerId(1)]);
  });

  it('wait two minutes for the API server to show a container', () => {
    const containers = [reported(1, { state: 'finished' })];
    const since = (firstReportedAt: number) =>
      planOne({ containers, histories: histories(1, { firstReportedAt }) }, {});
    expect(since(now - 2 * minute)).toMatchObject({ add: [], refuse: [] });
    expect(since(now - 2 * minute - 1)).toMatchObject({ add: [], refuse: [containerId(1)] });
  });
});

describe('grants that run', () => {
  const world = { records: [record(1, nginx), record(2, redis)] };
  const profiling = [reported(1, { state: 'profiling', slotId: 'slot-1' })];
  const taken = grant(1, nginx, { confirmedAt: now - minute });
  const fresh = grant(1, nginx);
  const ended = grant(1, nginx, { finished: true });
  const unreachable = { state: 'unreachable', why: 'silent' } as const;

  it.each([
    ['go on while the agent profiles', { containers: profiling }, taken, []],
    ['go on until the agent knows of them', { containers: [] }, { ...taken, version: 2 }, []],
    ['go on if a restarted agent still fills them', { containers: profiling, instance: 'agent-2' }, taken, []],
    ['end with a restart of the agent', { containers: [reported(1)], instance: 'agent-2' }, taken, ['agent-restarted']],
    ['end when the agent lost the container', { containers: [] }, taken, ['container-gone']],
    ['go on while the agent is out of reach', { containers: [], agent: unreachable }, taken, []],
    ['have 30 s to be taken up', { containers: [reported(1)] }, { ...fresh, grantedAt: now - 30_000 }, []],
    ['end when they are not taken up', { containers: [reported(1)] }, fresh, ['not-taken-up']],
    ['go on while a snapshot is on its way', { containers: [reported(1)] }, taken, []],
    ['last a period and 2 minutes', { containers: profiling }, { ...taken, confirmedAt: now - 32 * minute + 1 }, []],
    ['end then', { containers: profiling }, { ...taken, confirmedAt: now - 32 * minute }, ['expired']],
    ['last 2 minutes if the container had ended', { containers: [] }, ended, []],
    ['end then too', { containers: [] }, { ...ended, grantedAt: now - 2 * minute }, ['expired']],
  ])('%s', (_, fields, one, codes) => {
    const result = planOne({ ...fields, grants: [one] }, world);
    expect(result.end.map(({ code }) => code)).toEqual(codes);
    expect(result.keep).toEqual(codes.length === 0 ? [one] : []);
  });

  it('are withdrawn when their snapshots would be refused', () => {
    const profiles = { [imageText(nginx)]: { state: 'stable' as const, snapshots: 200, containers: 3 } };
    const result = planOne({ containers: profiling, grants: [taken] }, { ...world, profiles });
    expect(result).toMatchObject({ keep: [], end: [{ code: 'stable' }] });
    const refused = planOne({ containers: profiling, grants: [taken] }, { ...world, taughtShare: [imageText(nginx)] });
    expect(refused).toMatchObject({ keep: [], end: [{ code: 'share' }] });
  });

  it('give way, the latest first, when a person lowers the limit', () => {
    const grants = [1, 2, 3].map((n) => grant(n, nginx, { grantedAt: now - n, version: 2 }));
    const records = [1, 2, 3].map((n) => record(n, nginx));
    const result = planOne({ grants }, { records, settings: { maxContainersPerNode: 2 } });
    expect(result.keep.map(({ slotId }) => slotId)).toEqual(['slot-3', 'slot-2']);
    expect(result.end).toMatchObject([{ grant: { slotId: 'slot-1' }, code: 'limit-lowered' }]);
  });

  it('end after the new period when a person shortens it, and not before', () => {
    const shorter = { ...world, settings: { periodSeconds: 60 } };
    const younger = { ...taken, confirmedAt: now - minute + 1 };
    const reportOf = (one: typeof taken) => ({ containers: profiling, grants: [one] });
    expect(planOne(reportOf(younger), shorter)).toMatchObject({ keep: [younger], end: [] });
    expect(planOne(reportOf(taken), shorter)).toMatchObject({ keep: [], end: [{ code: 'period-shortened' }] });
    // Its period has ended as it was told; only the upload is awaited.
    expect(planOne({ containers: [reported(1)], grants: [taken] }, shorter)).toMatchObject({ keep: [taken], end: [] });
  });

  it('hold their place until the agent has heard of their end', () => {
    const containers = [reported(1, { state: 'profiling', slotId: 'gone' }), reported(2)];
    const result = planOne({ containers }, { ...world, settings: { maxContainersPerNode: 1 } });
    expect(result).toMatchObject({ add: [], adopt: [] });
  });

  it('of an operator before this one are adopted, within the limit and for eligible containers only', () => {
    const containers = [1, 2, 3, 4].map((n) => reported(n, { state: 'profiling', slotId: `earlier-${n}` }));
    const stable = { [imageText(redis)]: { state: 'stable' as const, snapshots: 200, containers: 3 } };
    const records = [record(1, redis), record(2, nginx), record(3, nginx), record(4, nginx)];
    const result = planOne({ containers }, { records, profiles: stable, settings: { maxContainersPerNode: 2 } });
    expect(result.adopt.map(({ slotId }) => slotId)).toEqual(['earlier-2', 'earlier-3']);
    expect(result.add).toEqual([]);
  });
});

describe('whatever the situation', () => {
  const images = ['a', 'b', 'c', 'd'].map(imageOf);
  const stateOf = fc.constantFrom(...containerStates);
  const container = fc.record({
    state: stateOf,
    startSeen: fc.boolean(),
    image: fc.constantFrom(...images),
    namespace: fc.constantFrom('shop', 'workload-security', 'kube-system'),
    own: fc.boolean(),
    node: fc.constantFrom('node-a', 'node-b'),
    known: fc.boolean(),
    slot: fc.constantFrom('none', 'granted', 'earlier', 'foreign'),
    grants: fc.nat({ max: 3 }),
  });
  const arbitrary = fc.record({
    containers: fc.array(container, { maxLength: 40 }),
    limit: fc.integer({ min: 1, max: 6 }),
    stable: fc.subarray(images.map(imageText)),
    taughtShare: fc.subarray(images.map(imageText)),
  });
  type Arbitrary = typeof arbitrary extends fc.Arbitrary<infer T> ? T : never;

  function build({ containers, limit, stable, taughtShare }: Arbitrary) {
    const records = containers.map((one, n) =>
      record(n, one.image, {
        node: one.node,
        pod: {
          uid: `${n}`,
          name: `${n}`,
          namespace: one.namespace,
          ...(one.own ? { partOf: 'workload-security' } : {}),
        },
      }),
    );
    const situations = ['node-a', 'node-b'].map((node) => {
      const here = containers.map((one, n) => ({ ...one, n })).filter((one) => one.node === node);
      const granted = here.filter(({ slot }) => slot === 'granted').slice(0, limit);
      return situation({
        node,
        containers: here.map(({ n, state, startSeen, slot }) =>
          reported(n, {
            state,
            startSeen,
            ...(slot === 'none' ? {} : { slotId: slot === 'granted' ? `slot-${n}` : `${slot}-${n}` }),
          }),
        ),
        histories: new Map(
          here.map(({ n, grants }) => [containerId(n), { firstReportedAt: now, grants, done: false, watchedMs: 0 }]),
        ),
        grants: granted.map(({ n, image }) => grant(n, image, { node, confirmedAt: now - minute })),
      });
    });
    const world: World = {
      records: records.filter((_, n) => containers[n]?.known),
      taughtShare,
      profiles: Object.fromEntries(stable.map((text) => [text, { state: 'stable', snapshots: 9, containers: 2 }])),
      settings: { maxContainersPerNode: limit, excluded: compileExclusions([{ namespace: 'kube-system' }]) },
    };
    return { situations, world };
  }

  it('no node has more slots than allowed, counted with what the agent still profiles', () => {
    fc.assert(
      fc.property(arbitrary, (input) => {
        const { situations, world } = build(input);
        for (const [index, one] of plan(situations, context(world)).entries()) {
          const slots = [...one.keep, ...one.adopt, ...one.add].map((slot) => slot.containerId);
          expect(new Set(slots).size).toBe(slots.length);
          expect(slots.length).toBeLessThanOrEqual(input.limit);
          const still = situations[index]?.containers.filter(({ state }) => state === 'profiling') ?? [];
          const busy = new Set([...slots, ...still.map(({ id }) => id)]);
          expect(one.add.length === 0 || busy.size <= input.limit).toBe(true);
        }
      }),
    );
  });

  it('no slot goes to own, excluded, stable, refused or unknown containers, and none of theirs goes on', () => {
    fc.assert(
      fc.property(arbitrary, (input) => {
        const { situations, world } = build(input);
        const records = new Map(world.records?.map((one) => [one.id, one]));
        for (const one of plan(situations, context(world))) {
          for (const { containerId: id } of [...one.keep, ...one.adopt, ...one.add]) {
            const known = records.get(id);
            expect(known?.node).toBe(one.node);
            expect(known?.pod.namespace).not.toBe('kube-system');
            expect(known?.pod.namespace === 'workload-security' && known.pod.partOf !== undefined).toBe(false);
            const image = imageText(known?.image ?? images[0] ?? imageOf('none'));
            expect(input.stable).not.toContain(image);
            expect(input.taughtShare.map((text) => `shop ${text}`)).not.toContain(`${known?.pod.namespace} ${image}`);
          }
        }
      }),
    );
  });

  it('every reported container has a reason, and free slots stay free only for want of candidates', () => {
    fc.assert(
      fc.property(arbitrary, (input) => {
        const { situations, world } = build(input);
        for (const [index, one] of plan(situations, context(world)).entries()) {
          const ids = situations[index]?.containers.map(({ id }) => id) ?? [];
          expect([...one.reasons.keys()].toSorted()).toEqual(ids.toSorted());
          const waits = [...one.reasons.values()].some(({ code }) => code === 'waiting' || code === 'node-full');
          const still = situations[index]?.containers.filter(({ state }) => state === 'profiling') ?? [];
          const slots = [...one.keep, ...one.adopt, ...one.add].map((slot) => slot.containerId);
          const busy = new Set([...slots, ...still.map(({ id }) => id)]);
          expect(!waits || busy.size >= input.limit).toBe(true);
        }
      }),
    );
  });

  it('the plan is the same for the same facts in another order', () => {
    const shuffled = arbitrary.chain((input) => {
      const { situations, world } = build(input);
      const orders = situations.map(({ containers }) =>
        fc.shuffledSubarray([...containers], { minLength: containers.length }),
      );
      return fc.record({ situations: fc.constant(situations), world: fc.constant(world), orders: fc.tuple(...orders) });
    });
    fc.assert(
      fc.property(shuffled, ({ situations, world, orders }) => {
        const other = situations.map((one, index) => ({
          ...one,
          containers: orders[index] ?? [],
          grants: one.grants.toReversed(),
        }));
        const byNode = (plans: NodePlan[]) => plans.toSorted((a, b) => (a.node < b.node ? -1 : 1));
        expect(byNode(plan(other.toReversed(), context(world)))).toEqual(byNode(plan(situations, context(world))));
      }),
    );
  });
});
