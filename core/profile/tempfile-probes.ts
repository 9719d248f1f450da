/**
 * Python looks for a directory that it may write to, before it makes its first temporary file: it creates a file of a bare
 * random name there (`t46xdahm`), writes to it and deletes it at once. Every start leaves another one, and of three containers
 * nobody ever sees four. Such names are shown as `{random8}`.
 *
 * What tells them is all of it together: the program, the length, the look of the name, and that the file came and went.
 * Evidence has one entry for each access, so this is left to what is made of evidence (generalise.ts).
 */
import { keepsNames } from '../pattern/kept.ts';
import { bareRandom, isBareRandom } from '../pattern/maker.ts';
import { type Evidence, type FileEvidence, keyOf, side } from './evidence.ts';
import { addEntry } from './join.ts';
import { fileNaming } from './naming.ts';
import { renameEntry } from './patterns.ts';

const python = /\/python[\d.]*$/;

/** Files, with those by which a process of Python tried directories counted as one of each directory. */
export function joinProbes({ processes, files }: Pick<Evidence, 'processes' | 'files'>): Evidence['files'] {
  const suspects = [...files.values()].filter((file) => mayBeProbe(file) && isPython(processes, file));
  const probes = new Set<FileEvidence>();
  for (const uses of Map.groupBy(suspects, (file) => `${side(file)}${file.processId} ${file.path}`).values()) {
    const accesses = new Set(uses.map(({ access }) => access));
    const cameAndWent = accesses.has('create') && accesses.has('delete');
    if (cameAndWent && !accesses.has('rename') && !accesses.has('attributes')) uses.forEach((use) => probes.add(use));
  }
  if (probes.size === 0) return files;
  const joined = new Map<string, FileEvidence>();
  for (const file of files.values()) {
    const name = probes.has(file) ? directoryOf(file.path) + bareRandom : file.path;
    const after = renameEntry(file, name, fileNaming);
    addEntry(joined, fileNaming.keyOf(after), after, fileNaming.absorb);
  }
  return joined;
}

function mayBeProbe({ path }: FileEvidence): boolean {
  const directory = directoryOf(path);
  return directory.length > 1 && isBareRandom(path.slice(directory.length)) && !keepsNames(path);
}

function isPython(processes: Evidence['processes'], { processId, actors }: FileEvidence): boolean {
  const process = processes.get(keyOf.process({ id: processId, actors })) ?? processes.get(processId);
  return process !== undefined && python.test(process.executable);
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}
