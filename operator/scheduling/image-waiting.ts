import { imageText, type Image } from '../../core/image.ts';

/**
 * Since when each image waits for a slot: its last grant, or when it first was seen without one. Holds the images of the
 * containers that agents report now, so it is as large as the cluster's list of images.
 */
export function imageWaiting() {
  const since = new Map<string, number>();
  return {
    /** The wait of an image begins when it is seen for the first time. */
    see(image: Image, now: number): void {
      const key = imageText(image);
      if (!since.has(key)) since.set(key, now);
    },
    /** Forgets the images that are gone. */
    keep(images: Iterable<Image>): void {
      const present = new Set<string>();
      for (const image of images) present.add(imageText(image));
      for (const key of since.keys()) if (!present.has(key)) since.delete(key);
    },
    granted: (image: Image, now: number): void => void since.set(imageText(image), now),
    since: (image: Image): number | undefined => since.get(imageText(image)),
    size: (): number => since.size,
  };
}
