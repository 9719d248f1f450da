/** The import rules of the design, as data: a folder, what of ours it may see, and which packages only it may use. */
import packageJson from '../../package.json' with { type: 'json' };

interface Room {
  readonly folder: string;
  /** Folders of ours that it may import. */
  readonly ours: readonly string[];
  /** Node's own modules. */
  readonly node: boolean;
  readonly why: string;
}

/** The first room that holds a file counts: the narrow ones stand before the wide ones. */
const rooms: readonly Room[] = [
  { folder: 'core/', ours: ['core/'], node: false, why: 'core is pure: it runs in agent, operator, browser and CLI' },
  { folder: 'crds/', ours: ['core/', 'crds/'], node: true, why: 'crds holds types and their generator' },
  { folder: 'agent/', ours: ['core/', 'agent/'], node: true, why: 'the agent stays small and knows only core' },
  {
    folder: 'operator/ui/',
    ours: ['core/', 'operator/ui/', 'operator/server/api/'],
    node: false,
    why: 'the UI runs in a browser',
  },
  {
    folder: 'operator/',
    ours: ['core/', 'crds/', 'operator/'],
    node: true,
    why: 'the operator ships neither agent nor tests',
  },
  {
    folder: 'hack/',
    ours: ['core/', 'crds/', 'agent/', 'operator/', 'hack/', 'test/'],
    node: true,
    why: 'development tools',
  },
  { folder: 'test/', ours: ['core/', 'crds/', 'agent/', 'operator/', 'hack/', 'test/'], node: true, why: 'tests' },
];

/** Packages with one owner each. */
const owned: readonly { readonly module: RegExp; readonly folder: string; readonly why: string }[] = [
  { module: /^@kubernetes\/client-node/, folder: 'operator/kube/', why: 'only operator/kube talks to the API server' },
  { module: /^express$/, folder: 'operator/server/', why: 'only operator/server serves HTTP' },
  { module: /^(node:sqlite|pg)$/, folder: 'operator/store/', why: 'only operator/store knows a database' },
  { module: /^koffi$/, folder: 'agent/kernel/', why: 'only agent/kernel calls into the kernel' },
];

/** Packages that core may use: pure ones, without Node's API. */
const pure = [/^zod$/, /^@noble\/hashes(\/|$)/, /^tldts$/, /^ipaddr\.js$/];

const isTest = (file: string): boolean => /\.test\.tsx?$/.test(file) || /\/(testing|conformance)(\/|\.ts$)/.test(file);

function packageName(module: string): string {
  return module
    .split('/')
    .slice(0, module.startsWith('@') ? 2 : 1)
    .join('/');
}

function declaredViolation(file: string, module: string): string | undefined {
  const name = packageName(module);
  const development = name in packageJson.devDependencies;
  if (!development && !(name in packageJson.dependencies)) return 'not a dependency of package.json';
  const shipped = !isTest(file) && !/^(test|hack)\/|^crds\/generator\/|\.config\.ts$/.test(file);
  return development && shipped ? 'a development dependency in shipped code' : undefined;
}

function packageViolation(file: string, room: Room, module: string): string | undefined {
  const owner = owned.find((candidate) => candidate.module.test(module));
  if (owner !== undefined && !file.startsWith(owner.folder) && room.folder !== 'test/') return owner.why;
  if (module.startsWith('node:')) return room.node || isTest(file) ? undefined : room.why;
  const impure = room.folder === 'core/' && !isTest(file) && !pure.some((allowed) => allowed.test(module));
  return declaredViolation(file, module) ?? (impure ? room.why : undefined);
}

/** Why `file` may not import `target` (a path from the root, or a module's name); undefined if it may. */
export function violation(file: string, target: string): string | undefined {
  const room = rooms.find((candidate) => file.startsWith(candidate.folder));
  if (room === undefined) return 'lies in no known folder';
  const ours = ['core/', 'crds/', 'agent/', 'operator/', 'hack/', 'test/'].some((folder) => target.startsWith(folder));
  if (!ours) return target === 'package.json' ? undefined : packageViolation(file, room, target);
  if (isTest(file) && target.startsWith('test/')) return undefined;
  return room.ours.some((folder) => target.startsWith(folder)) ? undefined : room.why;
}
