/** `profile diff` of profiles whose objects leave something out, and of times: the operator is asked. */
import { describe, expect, it } from 'vitest';
import { sampleProfile } from '../../test/integration/sample-profile.ts';
import type { ProfileModel } from '../server/ports.ts';
import { found } from '../server/testing/found.ts';
import { clusterOf, now, type Situation } from './cluster/testing.ts';

const [v1, v2] = ['app-v1', 'app-v2'];
const conf = '/etc/nginx/nginx.conf';
const day = 86_400_000;

/** With files that are read, apart from these that are written, and so many left out. */
function profileOf(name: string, files: readonly string[], omitted = 0) {
  const base = sampleProfile(name);
  const { behavior, evidence } = base.spec;
  const rows = files.map((path) => {
    const access = path === conf ? ['read'] : ['write'];
    return { processId: '0000000000000000', path, access };
  });
  return {
    ...base,
    spec: {
      ...base.spec,
      behavior: { ...behavior, files: rows },
      evidence: { ...evidence, omitted: { processes: 0, files: omitted, dns: 0, network: 0 } },
    },
  };
}

/** Each object leaves out what another has; the operator knows all. */
const objects = { [v1]: profileOf(v1, [conf, '/srv/a'], 1), [v2]: profileOf(v2, [conf, '/srv/b'], 2) };
const models: Readonly<Record<string, unknown>> = {
  [v1]: profileOf(v1, [conf, '/srv/a', '/srv/b']),
  [v2]: profileOf(v2, [conf, '/srv/a', '/srv/b', '/srv/backdoor']),
};

async function cluster(situation: Situation = {}, answer?: (name: string, at?: number) => ProfileModel) {
  const asked: (readonly [string, number | undefined])[] = [];
  const running = await clusterOf(
    {
      isAllowed: ({ username }, { verb }) =>
        Promise.resolve((situation.allowed ?? true) && verb === 'get' && username === 'workload-security-model-reader'),
      profiles: (name, at) => {
        asked.push([name, at]);
        if (answer !== undefined) return Promise.resolve(answer(name, at));
        return Promise.resolve(models[name] === undefined ? { kind: 'nothing' } : found(models[name]));
      },
    },
    { objects, ...situation },
  );
  return { asked, diff: (...words: string[]) => running.run('profile', 'diff', ...words), run: running.run };
}

describe('profile diff, of objects that leave something out', () => {
  it('compares what the operator knows of both', async () => {
    const { diff, asked } = await cluster();
    const { code, out, err } = await diff(v1, v2, '--exit-code');
    expect([code, err]).toEqual([1, '']);
    expect(out).toContain('1 new, 0 changed, 0 gone.\n');
    expect(out).toContain('file /srv/backdoor: write');
    expect(asked).toEqual([
      [v1, undefined],
      [v2, undefined],
    ]);
  });

  it('asks for both if only one of them does', async () => {
    const { diff, asked } = await cluster({ objects: { ...objects, [v1]: profileOf(v1, [conf]) } });
    expect((await diff(v1, v2)).out).toContain('1 new, 0 changed, 0 gone.\n');
    expect(asked.map(([name]) => name)).toEqual([v1, v2]);
  });

  it('asks nobody if neither does', async () => {
    const { diff, asked } = await cluster({
      objects: { [v1]: profileOf(v1, [conf]), [v2]: profileOf(v2, [conf, '/srv/b']) },
    });
    expect((await diff(v1, v2)).out).toContain('1 new, 0 changed, 0 gone.\n');
    expect(asked).toEqual([]);
  });

  it('compares a whole file with all that the operator knows, and one that lacks something with the object', async () => {
    const files = {
      'whole.json': JSON.stringify(models[v1]),
      'cut.json': JSON.stringify(objects[v1]),
    };
    const { diff, asked } = await cluster({ files });
    expect((await diff('whole.json', v2)).out).toContain('1 new, 0 changed, 0 gone.\n');
    expect(asked.map(([name]) => name)).toEqual([v2]);
    const { out } = await diff('cut.json', v1);
    expect(out).toContain('No difference');
    expect(out).toContain('note: the first profile holds 1 more files than there is room for');
    expect(asked).toHaveLength(1);
  });

  it.each<readonly [Situation, RegExp]>([
    [{ allowed: false }, /the operator has more: the operator refused \(403\).*\n {2}the binding/],
    [{ refused: { serviceaccounts: 403 } }, /the operator has more: .*403.*\n.*--role=workload-security-check --user/],
    [{ refused: { leases: 404 } }, /the operator has more: there is no operator in the namespace/],
    [{ refused: { leases: 503 } }, /the operator has more: GET .* 503/],
    [{ tunnel: () => Promise.reject(new Error('no way')) }, /the operator has more: no way\n/],
  ])('says why it compares the objects only, with the caveat: %j', async (situation, why) => {
    const { diff } = await cluster(situation);
    const { code, out, err } = await diff(v1, v2);
    expect(code).toBe(0);
    expect(err).toMatch(why);
    expect(out).toContain('1 new, 0 changed, 1 gone.\n');
    expect(out).toContain('note: the second profile holds 2 more files than there is room for');
    const json = await diff(v1, v2, '-o', 'json');
    const caveat = (side: string, count: number) => ({ side, kind: 'file', reason: 'omitted', count });
    const caveats = expect.arrayContaining([caveat('before', 1), caveat('after', 2)]) as unknown;
    expect(JSON.parse(json.out)).toMatchObject({ caveats });
  });

  it('compares the objects of profiles that the operator does not know', async () => {
    const { diff } = await cluster({}, () => ({ kind: 'nothing' }));
    const { code, err } = await diff(v1, v2);
    expect([code, err]).toEqual([0, expect.stringContaining(`the operator has no profile ${v1}`)]);
  });
});

describe('profile diff, of times', () => {
  const known = (_: string, at = now): ProfileModel => {
    if (at < now - 30 * day) return { kind: 'nothing' };
    if (at < now - 20 * day) return { kind: 'gone', reason: 'of 9 snapshots, 4 are kept no more' };
    return found(profileOf(v1, at < now - day ? [conf] : [conf, '/srv/b']));
  };

  it('compares a profile as it was with what it is, and with what it was later', async () => {
    const { diff, asked } = await cluster({ objects: { [v1]: profileOf(v1, [conf, '/srv/b']) } }, known);
    const since = await diff(v1, v1, '--before-at', '48h');
    expect([since.code, since.err]).toEqual([0, '']);
    expect(since.out).toMatch(/^\S+ \(as it was at 2029-12-30T02:00:00\.000Z\) -> \S+\n1 new, 0 changed, 0 gone\.\n/);
    const between = await diff(v1, v1, '--before-at', '2029-12-31T02:00:00+01:00', '--after-at=1h', '-o', 'json');
    expect(JSON.parse(between.out)).toMatchObject({
      before: { name: v1, at: '2029-12-31T01:00:00.000Z' },
      after: { name: v1, at: '2030-01-01T01:00:00.000Z' },
      counts: { new: 1, changed: 0, gone: 0 },
    });
    expect((await diff(v1, v1, '--after-at', '2029-12-30')).out).toContain('0 new, 0 changed, 1 gone.\n');
    expect(asked.map(([, at]) => at)).toEqual([
      now - 2 * day,
      Date.parse('2029-12-31T01:00:00Z'),
      now - 3_600_000,
      Date.parse('2029-12-30'),
    ]);
  });

  it('needs no object, and finds the profile by its image', async () => {
    const { diff, asked } = await cluster({ objects: {} }, (name, at) =>
      name === 'nginx-1.27-6965a10c15' ? known(name, at) : { kind: 'nothing' },
    );
    const { out } = await diff('nginx:1.27', 'nginx:1.27', '--before-at', '48h', '--after-at', '1h');
    expect(out).toContain('1 new, 0 changed, 0 gone.\n');
    expect(asked).toHaveLength(2);
  });

  it.each<readonly [readonly string[], number, RegExp]>([
    [
      ['--before-at', '9999h'],
      3,
      /nothing was known of app-v1 at 2028-.*before its first snapshot.*\n.*profile show app-v1/,
    ],
    [['--before-at', '2029-12-10'], 3, /app-v1 cannot be made again .*4 are kept no more\n.*later time/],
    [['--before-at', '2030-01-02'], 2, /--before-at <time>.* in the future: here it is 2030-01-01T02:00:00/],
    [['--after-at', 'yesterday'], 2, /--after-at <time>.*It is a time such as 2026-01-31/],
    [['--after-at', '2029-02-30'], 2, /It is a time such as/],
    [['--after-at', '2029-12-30T25:00:00Z'], 2, /It is a time such as/],
  ])('says what is wrong with a time: %j', async (words, code, message) => {
    const { diff } = await cluster({}, known);
    const ended = await diff(v1, v1, ...words);
    expect([ended.code, ended.out]).toEqual([code, '']);
    expect(ended.err).toMatch(message);
  });

  it('ends if the operator cannot be asked, and asks it nothing of files', async () => {
    const { diff } = await cluster({ allowed: false, files: { 'p.json': JSON.stringify(objects[v1]) } });
    expect(await diff(v1, v2, '--before-at', '1h')).toMatchObject({ code: 3, out: '' });
    const file = await diff(v1, 'p.json', '--after-at', '1h');
    expect([file.code, file.err]).toEqual([2, expect.stringContaining('not the file p.json')]);
  });
});

describe('profile show --full', () => {
  it('shows what the operator knows, with the state of the object', async () => {
    const sealed = { ...objects[v2], status: { state: 'Stable', labels: [], conditions: [] } };
    const { run } = await cluster({ objects: { [v2]: sealed } });
    expect((await run('profile', 'show', v2)).out).not.toContain('/srv/backdoor');
    const { out } = await run('profile', 'show', v2, '--full');
    expect(out).toContain('/srv/backdoor');
    expect(out).toMatch(/state +Stable/);
    expect(out).not.toContain('left out');
    const file = await run('profile', 'show', './p.json', '--full');
    expect([file.code, file.err]).toEqual([2, expect.stringContaining('leave --full out')]);
  });
});
