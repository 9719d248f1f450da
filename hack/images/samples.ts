/** The sample images: real servers from Debian, so that there is something to learn in a cluster without a registry. */
import { cp } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Image } from './image.ts';

const folder = fileURLToPath(new URL('../samples/images/', import.meta.url));

type Options = { readonly source?: string; readonly version?: string };

function sample(name: string, tags: readonly [string, ...string[]], options: Options = {}): Image {
  const source = `${folder}${options.source ?? name}`;
  return {
    name: `sample-${name}`,
    tags,
    dockerfile: `${source}/Dockerfile`,
    base: 'samples',
    baseDockerfile: `${folder}base.Dockerfile`,
    inputs: [source],
    buildArguments: options.version === undefined ? {} : { VERSION: options.version },
    fillContext: (context) => cp(source, context, { recursive: true }),
  };
}

export const sampleImages: readonly Image[] = [
  // Two tags of one image ID: a runtime cannot tell them apart, and they still have a profile each.
  sample('nginx', ['localhost/samples/nginx:1.22', 'localhost/samples/nginx:stable']),
  sample('redis', ['localhost/samples/redis:7.0']),
  sample('postgres', ['localhost/samples/postgres:15']),
  sample('app-v1', ['localhost/samples/app:v1'], { source: 'app', version: 'v1' }),
  sample('app-v2', ['localhost/samples/app:v2'], { source: 'app', version: 'v2' }),
  sample('report', ['localhost/samples/report:1']),
  sample('load', ['localhost/samples/load:1']),
];

/** Servers whose profiles are of interest, but which a newcomer's cluster can do without. */
export const studyImages: readonly Image[] = [
  sample('java', ['localhost/samples/java:17']),
  sample('flask', ['localhost/samples/flask:2']),
];
