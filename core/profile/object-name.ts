import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { imageText, type Image } from '../image.ts';

// 50 + '-' + 10 = 61, so that the name also fits into a label's 63 characters. 40 bits of hash: with 10,000 images the
// chance that any two share them is 10^8 / 2 / 2^40, one in 20,000, and they would need the same readable part as well.
const readableLength = 50;
const hashLength = 10;

/** Name of the SecurityProfile object of an image: `nginx-1.27-` and a hash that keeps names of one readable part apart. */
export function objectName(image: Image): string {
  const basename = image.name.slice(image.name.lastIndexOf('/') + 1);
  const readable = trimSeparators(
    trimSeparators(
      `${basename}-${image.tag}`
        .toLowerCase()
        .replaceAll(/[^a-z0-9.]/g, '-')
        // A DNS name wants a letter or digit on both sides of a dot.
        .replaceAll(/[.-]{2,}/g, '-'),
    ).slice(0, readableLength),
  );
  const hash = bytesToHex(sha256(utf8ToBytes(imageText(image)))).slice(0, hashLength);
  return `${readable === '' ? 'image' : readable}-${hash}`;
}

function trimSeparators(text: string): string {
  return text.replace(/^[.-]+/, '').replace(/[.-]+$/, '');
}
