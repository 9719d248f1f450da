/**
 * Waits until each studied image was learned from enough, then prints its profile as a row of a Markdown table and writes it
 * whole into a folder.
 *
 *     node hack/study/table.ts FOLDER      (KUBECONFIG names the cluster)
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { stringify } from 'yaml';
import { z } from 'zod';

const enough = { snapshots: 20, containers: 3 };
/** 18 containers share five places for 20 s at a time: 20 snapshots of each of six images are due after 8 minutes. */
const patience = 30 * 60_000;

const entries = z.array(z.looseObject({ pattern: z.unknown().optional() }));
const profileList = z.object({
  items: z.array(
    z.looseObject({
      metadata: z.object({ name: z.string() }),
      spec: z.looseObject({
        image: z.object({ name: z.string(), tag: z.string() }),
        behavior: z.looseObject({
          processes: entries,
          files: entries,
          dns: entries,
          network: entries,
          syscalls: z.array(z.string()).default([]),
        }),
      }),
      status: z
        .object({
          snapshots: z.number().default(0),
          containers: z.number().default(0),
          commonality: z.number().optional(),
        })
        .default({ snapshots: 0, containers: 0 }),
    }),
  ),
});
type Profile = z.infer<typeof profileList>['items'][number];

const imageOf = ({ spec: { image } }: Profile): string => `${image.name}:${image.tag}`;

/** Those whose deployments have replicas; the load is not studied. */
function studied(): string[] {
  const workloads = readFileSync(join(import.meta.dirname, 'workloads.yaml'), 'utf8');
  return [...workloads.matchAll(/image: (\S+)/g)]
    .map(([, image = '']) => image)
    .filter((image) => !/load:/.test(image));
}

function profiles(): Profile[] {
  const json = execFileSync('kubectl', ['get', 'securityprofiles', '--output', 'json'], { maxBuffer: 64 << 20 });
  return profileList.parse(JSON.parse(json.toString())).items;
}

async function learned(images: readonly string[]): Promise<Profile[]> {
  for (const end = performance.now() + patience; ;) {
    const all = profiles().filter((profile) => images.includes(imageOf(profile)));
    const done = all.filter(
      ({ status }) => status.snapshots >= enough.snapshots && status.containers >= enough.containers,
    );
    if (done.length === images.length) return done;
    if (performance.now() > end) throw new Error(`${done.length} of ${images.length} images were learned in time`);
    console.error(all.map((one) => `${imageOf(one)} ${one.status.snapshots}/${one.status.containers}`).join(', '));
    await setTimeout(15_000);
  }
}

function row(profile: Profile): string {
  const { processes, files, dns, network, syscalls } = profile.spec.behavior;
  const patterns = [...files, ...dns, ...network].filter(({ pattern }) => pattern !== undefined).length;
  const kilobytes = (Buffer.byteLength(JSON.stringify(profile)) / 1024).toFixed(0);
  const { snapshots, containers, commonality = '-' } = profile.status;
  const counts = [processes, files, dns, network, syscalls].map(({ length }) => length);
  const cells = [imageOf(profile), snapshots, containers, ...counts, patterns, `${kilobytes} KiB`, commonality];
  return `| ${cells.join(' | ')} |`;
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: node hack/study/table.ts FOLDER');
const found = await learned(studied());
mkdirSync(folder, { recursive: true });
for (const profile of found) writeFileSync(join(folder, `${profile.metadata.name}.yaml`), stringify(profile));
const heads = ['Image', 'Snapshots', 'Containers', 'Processes', 'Files', 'DNS', 'Network', 'Syscalls', 'Patterns'];
console.log(`| ${[...heads, 'Object', 'Commonality'].join(' | ')} |`);
console.log(`|${' --- |'.repeat(heads.length + 2)}`);
for (const profile of found) console.log(row(profile));
