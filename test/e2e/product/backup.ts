/** Backup and restore by the commands of docs/operate.md, word by word, with `kubectl exec` into the operator's pod. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { goldenFile } from '../../../operator/store/sqlite/testing/golden.ts';
import { within, type Product } from './product.ts';
import { imageOf } from './profile.ts';
import { readStore, removeStore } from './store-copy.ts';
import { pauseProfiling, type SpoolWatch } from './watches.ts';

const page = readFileSync(new URL('../../../docs/operate.md', import.meta.url), 'utf8');

/** The commands of the page that begin so, in their order. */
function documented(...beginnings: readonly string[]): string[] {
  const [, section = ''] = page.split('### Backup and restore');
  const commands = [...section.matchAll(/^(?:\$ )?(kubectl .*)$/gm)].map(([, command = '']) => command);
  return beginnings.map((beginning) => {
    const found = commands.find((command) => command.startsWith(beginning));
    if (found === undefined)
      throw new Error(`docs/operate.md has no command "${beginning} …" under "Backup and restore"`);
    return found;
  });
}

const inPod = 'kubectl -n workload-security exec';
const scale = 'kubectl -n workload-security scale';
const backup = documented(`${inPod} workload-security-operator-0`, 'kubectl get securityprofiles').join('\n');
const [restore = '', restart = ''] = documented(`${inPod} -i`, 'kubectl -n workload-security delete pod');
const [stop = '', clear = '', create = '', start = ''] = documented(
  `${scale} --replicas=0`,
  'kubectl delete securityprofiles',
  'kubectl create -f',
  `${scale} --replicas=1`,
);

/** What both parts share. */
function steps(product: Product) {
  const { cluster } = product;
  const folder = (): string => {
    const path = join(product.home, 'backup');
    mkdirSync(path, { recursive: true });
    return path;
  };
  const shell = async (...commands: string[]): Promise<string> => {
    const { code, stdout, stderr } = await cluster.shell(commands.join('\n'), folder());
    expect(code, `${commands.join('\n')}\n${stdout}\n${stderr}`).toBe(0);
    return stderr;
  };
  const operatorReady = async (): Promise<void> =>
    within(90, async () => expect(await product.operatorPod()).toMatchObject({ ready: true }));

  /** Without what is of the object rather than of the profile. */
  async function learned(): Promise<unknown> {
    const profiles = await product.profiles();
    return Object.fromEntries(profiles.map((profile) => [imageOf(profile), profile.spec]));
  }
  return { folder, shell, operatorReady, learned };
}

export function backupTests(product: Product, spool: () => SpoolWatch): void {
  const { cluster } = product;
  const { folder, shell, operatorReady, learned } = steps(product);

  async function storedCounts(): Promise<Record<string, number>> {
    const { snapshots } = await readStore(product);
    return Object.fromEntries(
      [...Map.groupBy(snapshots, ({ image }) => image)].map(([image, all]) => [image, all.length]),
    );
  }

  const shownCounts = async (): Promise<Record<string, number>> =>
    Object.fromEntries((await product.profiles()).map((one) => [imageOf(one), one.spec.evidence.snapshots]));

  test('what is no backup is refused with a reason, and changes nothing', async () => {
    await shell(backup);
    const file = join(folder(), 'store.db');
    const whole = readFileSync(file);
    const foreign = join(folder(), 'foreign.db');
    rmSync(foreign, { force: true });
    const database = new DatabaseSync(foreign);
    database.exec('CREATE TABLE theirs (id)');
    database.close();
    const files = [
      {
        bytes: Buffer.from(whole).fill(0xff, whole.length / 2, whole.length / 2 + 20_000),
        why: 'is damaged or incomplete',
      },
      { bytes: whole.subarray(0, whole.length / 2), why: 'is damaged or incomplete' },
      { bytes: Buffer.from('Error from server (NotFound): pods not found\n'), why: 'is not an SQLite database' },
      { bytes: Buffer.alloc(0), why: 'is empty' },
      { bytes: readFileSync(foreign), why: 'is the database of another program' },
    ];
    for (const { bytes, why } of files) {
      writeFileSync(file, bytes);
      const { code, stderr } = await cluster.shell(restore, folder());
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/^nothing was restored:\nwhat came on standard input is /);
      expect(stderr).toContain(why);
    }
    // One of the first operators' would be taken; the restore of the next test takes its place.
    writeFileSync(file, zstdDecompressSync(readFileSync(goldenFile(1))));
    expect(await shell(restore)).toMatch(/^schema 1 \(to be brought up to \d+\), checked/m);
  });

  test('a backup brings back what was learned until then, and nothing of what came later', async () => {
    await pauseProfiling(product, spool());
    const counts = await storedCounts();
    await within(60, async () => expect(await shownCounts()).toEqual(counts));
    const then = await learned();
    expect(await shell(backup)).toMatch(/^\d+ bytes, schema \d+, checked$/m);

    await product.configure({ profiling: { enabled: true } });
    await spool().next();
    await pauseProfiling(product, spool());
    const later = await storedCounts();
    expect(later).not.toEqual(counts);
    await within(60, async () => expect(await shownCounts()).toEqual(later));

    expect(await shell(restore)).toMatch(/^schema \d+, checked; it takes the place of \/data\/store\.db when/m);
    await shell(restart);
    await operatorReady();
    await within(60, async () => expect(await learned()).toEqual(then));
    expect(await storedCounts()).toEqual(counts);
    await product.configure({ profiling: { enabled: true } });
    await spool().next();
    await within(60, async () => expect(await storedCounts()).not.toEqual(counts));
  });
}

/** For when every profile is finished. */
export function moveTests(product: Product): void {
  const { cluster } = product;
  const { shell, operatorReady, learned } = steps(product);

  test('finished profiles move into a cluster whose store is empty', async () => {
    const then = await learned();
    await shell(backup, stop);
    await within(90, async () =>
      expect(await product.pods('workload-security', 'app.kubernetes.io/component=operator')).toEqual([]),
    );
    removeStore(product);
    await shell(clear, create, start);
    await operatorReady();
    await shell(restore, restart);
    await operatorReady();
    await within(60, async () => {
      const conditions = 'jsonpath={.items[*].status.conditions[?(@.type=="Degraded")].status}';
      expect(await cluster.kubectl('get', 'securityprofiles', '-o', conditions)).toBe('');
      expect(await cluster.kubectl('get', 'securityprofiles', '-o', 'jsonpath={.items[*].status.state}')).toMatch(
        /^(Stable ?)+$/,
      );
    });
    expect(await learned()).toEqual(then);
    const { snapshots } = await readStore(product);
    expect(snapshots.length).toBeGreaterThan(50);
  });
}
