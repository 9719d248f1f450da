import type { SourceFile } from 'ts-morph';
import { manifest } from './manifest.ts';
import { Problems } from './problems.ts';
import { readKinds } from './read-kinds.ts';
import { reference } from './reference.ts';

export interface Generated {
  /** Path from the root of the repository to content; Markdown is not formatted yet. */
  readonly files: ReadonlyMap<string, string>;
  /** `file:line: field: message` for everything that was refused. */
  readonly problems: readonly string[];
}

export const manifestFolder = 'crds/manifests';
export const referenceFolder = 'docs/reference';

/** Manifests and reference pages of all kinds in the files. With problems, the files are not to be used. */
export function generate(sources: readonly SourceFile[]): Generated {
  const problems = new Problems();
  const files = new Map<string, string>();
  for (const kind of readKinds(sources, problems)) {
    files.set(`${manifestFolder}/${kind.group}_${kind.plural}.yaml`, manifest(kind));
    files.set(`${referenceFolder}/${kind.source}.md`, reference(kind));
  }
  return { files, problems: problems.lines };
}
