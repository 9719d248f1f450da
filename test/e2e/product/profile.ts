/** SecurityProfiles as the API server gives them, and how tests look into them. */
import { z } from 'zod';

const entry = { processId: z.string(), commonality: z.number().optional() };
const profileSchema = z.object({
  metadata: z.object({ name: z.string(), uid: z.string() }),
  spec: z.object({
    image: z.object({ name: z.string(), tag: z.string() }),
    sealed: z.boolean().default(false),
    behavior: z.object({
      processes: z.array(
        z.object({
          id: z.string(),
          parentId: z.string().optional(),
          executable: z.string(),
          script: z.string().optional(),
          inline: z.boolean().default(false),
          maxInstances: z.number(),
          actors: z.array(z.string()),
          commonality: z.number().optional(),
        }),
      ),
      files: z.array(z.object({ ...entry, path: z.string(), access: z.array(z.string()) })),
      dns: z.array(z.object({ ...entry, name: z.string(), types: z.array(z.string()) })),
      network: z.array(
        z.object({
          ...entry,
          direction: z.string(),
          protocol: z.string(),
          peer: z.string().optional(),
          port: z.number().optional(),
        }),
      ),
    }),
    evidence: z.object({
      snapshots: z.number(),
      containers: z.number(),
      digests: z.array(z.string()),
      completeness: z.object({ startsSeen: z.number(), lostPeriods: z.number() }),
    }),
  }),
  status: z
    .object({
      state: z.string().optional(),
      snapshots: z.number().default(0),
      containers: z.number().default(0),
      commonality: z.number().optional(),
      compiled: z.object({ digest: z.string() }).optional(),
    })
    .default({ snapshots: 0, containers: 0 }),
});

export const profileList = z.object({ items: z.array(profileSchema) });
export type Profile = z.infer<typeof profileSchema>;
type Process = Profile['spec']['behavior']['processes'][number];

export const imageOf = ({ spec: { image } }: Profile): string => `${image.name}:${image.tag}`;

/** One process with what belongs to it, as texts that a failing test can print. */
export interface ProcessView {
  /** Programs from the first of the container (or of the exec) down to this one, see `programOf`. */
  readonly lineage: string;
  readonly actors: readonly string[];
  readonly maxInstances: number;
  readonly commonality: number | undefined;
  /** Commonality by path. */
  readonly files: ReadonlyMap<string, number | undefined>;
  readonly names: readonly string[];
  /** `listen tcp 80`, `connect tcp service samples/redis 6379`. */
  readonly network: readonly string[];
}

/** The program's file, with its script, or `-c` for code from the command line. */
function programOf({ executable, script, inline }: Process): string {
  const more = script ?? (inline ? '-c' : undefined);
  return more === undefined ? executable : `${executable} ${more}`;
}

function lineageOf(process: Process, byId: ReadonlyMap<string, Process>): string {
  const parent = process.parentId === undefined ? undefined : byId.get(process.parentId);
  return parent === undefined ? programOf(process) : `${lineageOf(parent, byId)} > ${programOf(process)}`;
}

export function processesOf({ spec: { behavior } }: Profile): ProcessView[] {
  const byId = new Map(behavior.processes.map((process) => [process.id, process]));
  return behavior.processes.map((process) => {
    const mine = ({ processId }: { readonly processId: string }): boolean => processId === process.id;
    return {
      lineage: lineageOf(process, byId),
      actors: process.actors,
      maxInstances: process.maxInstances,
      commonality: process.commonality,
      files: new Map(behavior.files.filter(mine).map(({ path, commonality }) => [path, commonality])),
      names: behavior.dns
        .filter(mine)
        .map(({ name }) => name)
        .toSorted(),
      network: behavior.network
        .filter(mine)
        .map(({ direction, protocol, peer, port }) =>
          [direction, protocol, peer, port].filter((part) => part !== undefined).join(' '),
        )
        .toSorted(),
    };
  });
}

/** The one process with this lineage. @throws Error that lists those there are */
export function processOf(profile: Profile, ...programs: readonly string[]): ProcessView {
  const all = processesOf(profile);
  const lineage = programs.join(' > ');
  const found = all.find((process) => process.lineage === lineage);
  if (found !== undefined) return found;
  const known = all.map((process) => `  ${process.lineage}`).join('\n');
  throw new Error(`no process in ${imageOf(profile)} is\n  ${lineage}\nbut there are\n${known}`);
}
