/**
 * Images without a registry and without a container engine, cached by content.
 *
 *     node hack/images/main.ts [product|samples|study]…         builds what is missing (without words, all but study); prints the path of each archive
 *     node hack/images/main.ts context operator|agent DIR  writes a build context for docker or buildah
 *
 * Progress goes to standard error, so that the paths can be read by a script.
 */
import { argv } from 'node:process';
import { build } from '../build.ts';
import { imageArchives, writeContext, type Image } from './image.ts';
import { productImages } from './product.ts';
import { sampleImages, studyImages } from './samples.ts';

/** 250 MB each, decimal as image sizes are counted. */
const productLimit = 250e6;

async function product(): Promise<Image[]> {
  await build(['operator', 'agent']);
  return productImages();
}

async function archives(groups: readonly string[]): Promise<void> {
  const images = [
    ...(groups.includes('product') ? await product() : []),
    ...(groups.includes('samples') ? sampleImages : []),
    ...(groups.includes('study') ? studyImages : []),
  ];
  for await (const { image, path, built } of imageArchives(images)) {
    if (built !== undefined) {
      const size = `${Math.round(built.bytes / 1e6)} MB`;
      if (image.base === 'product' && built.bytes > productLimit)
        throw new Error(`${image.name} has ${size}, more than its limit of ${productLimit / 1e6} MB`);
      console.error(`built ${image.tags.join(', ')}: ${size} in ${built.seconds.toFixed(0)} s`);
    }
    console.log(path);
  }
}

async function context(program: string | undefined, folder: string | undefined): Promise<void> {
  const image = (await product()).find(({ name }) => name === program);
  if (image === undefined || folder === undefined) throw new Error('usage: context operator|agent DIR');
  await writeContext(image, folder);
  console.error(`docker build --file ${image.dockerfile} --tag ${image.tags.join(' --tag ')} ${folder}`);
}

const words = argv.slice(2);
const groups = ['product', 'samples', 'study'];
const unknown = words.find((word) => !groups.includes(word));
if (words[0] === 'context') await context(words[1], words[2]);
else if (unknown === undefined) await archives(words.length === 0 ? ['product', 'samples'] : words);
else throw new Error(`unknown word ${unknown}: product, samples, study, or context operator|agent DIR`);
