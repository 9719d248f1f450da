/** An image as people speak of it: normalised name and tag, as the pod asked for it. */
export interface Image {
  /** `docker.io/library/nginx` */
  readonly name: string;
  /** `1.27`; `latest` if none was given; the first 12 digits of the digest if only that was given. */
  readonly tag: string;
}

export type ParsedImage =
  { readonly ok: true; readonly image: Image } | { readonly ok: false; readonly reason: string };

/** `name:tag`, unique among images. */
export function imageText(image: Image): string {
  return `${image.name}:${image.tag}`;
}

// Limits of the distribution specification: 255 for a name with its registry, 128 for a tag, and the longest digest in
// use is sha512's of 135. Twice their sum is room for what is not normalised yet and still nothing to search through.
const referenceLength = 1_024;
const nameLength = 255;
const tagLength = 128;
const shortDigest = 12;

const label = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
const registryPattern = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[0-9a-f:.]+\\])(?::[0-9]{1,5})?$`);
const componentPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const digestPattern = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-f]{32,}$/;

/**
 * Reads the image reference of a pod: registry, repository, tag and digest, with the container runtimes' defaults. A tag
 * wins over a digest, since it is what people named; the digest of what ran comes from the pod's status.
 *
 * @returns the image, or a reason that quotes only printable characters of the reference.
 */
export function parseImage(reference: string): ParsedImage {
  if (reference.length > referenceLength) {
    return refuse(reference, `is longer than ${referenceLength} characters`);
  }
  const at = reference.indexOf('@');
  const digest = at < 0 ? undefined : reference.slice(at + 1);
  if (digest !== undefined && !digestPattern.test(digest)) return refuse(reference, 'has an invalid digest after @');
  const tagged = at < 0 ? reference : reference.slice(0, at);

  // A colon before the last slash belongs to the registry's port.
  const colon = tagged.indexOf(':', tagged.lastIndexOf('/') + 1);
  const tag = colon < 0 ? untagged(digest) : tagged.slice(colon + 1);
  if (tag.length > tagLength || !tagPattern.test(tag)) return refuse(reference, 'has an invalid tag');

  const name = normaliseName(colon < 0 ? tagged : tagged.slice(0, colon));
  if (name === undefined) return refuse(reference, 'has an invalid registry or repository');
  if (name.length > nameLength) return refuse(reference, `has a name longer than ${nameLength} characters`);
  return { ok: true, image: { name, tag } };
}

function untagged(digest: string | undefined): string {
  if (digest === undefined) return 'latest';
  const digits = digest.indexOf(':') + 1;
  return digest.slice(digits, digits + shortDigest);
}

/** Registry and path; undefined if either is none. */
function normaliseName(name: string): string | undefined {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const hasRegistry = /[.:A-Z]/.test(first) || first === 'localhost';
  const host = hasRegistry ? first.toLowerCase() : 'docker.io';
  const registry = host === 'index.docker.io' ? 'docker.io' : host;
  const path = hasRegistry ? name.slice(slash + 1) : name;
  const official = registry === 'docker.io' && !path.includes('/');
  if (!registryPattern.test(registry) || !path.split('/').every((part) => componentPattern.test(part))) {
    return undefined;
  }
  return `${registry}/${official ? 'library/' : ''}${path}`;
}

function refuse(reference: string, reason: string): ParsedImage {
  const shown = reference.slice(0, 80).replaceAll(/[^\x20-\x7e]/g, '?');
  return { ok: false, reason: `image reference "${shown}" ${reason}` };
}

/** Undoes {@link imageText}; undefined for a text without tag. A tag never holds a colon, so the last one divides. */
export function imageFromText(text: string): Image | undefined {
  const colon = text.lastIndexOf(':');
  return colon > text.lastIndexOf('/') ? { name: text.slice(0, colon), tag: text.slice(colon + 1) } : undefined;
}
