/** How files and DNS names are named, grouped and joined. */
import { splitName } from '../pattern/dns.ts';
import { type DnsEvidence, type FileEvidence, keyOf, side } from './evidence.ts';
import { absorbDns, absorbNamed } from './join.ts';
import type { Naming } from './patterns.ts';

export const fileNaming: Naming<FileEvidence> = {
  separator: '/',
  textOf: ({ path }) => path,
  renamed: (file, path, members, signature) => ({ ...file, path, members, signature }),
  keyOf: keyOf.file,
  groupOf: (file) => `${side(file)}${file.processId} ${file.shape}`,
  siblingsOf: (file) => `${side(file)}${file.processId} ${file.shape.slice(0, file.shape.lastIndexOf('/'))}`,
  leafOf: ({ shape }) => shape.slice(shape.lastIndexOf('/') + 1),
  absorb: absorbNamed,
};

export const dnsNaming: Naming<DnsEvidence> = {
  separator: '.',
  textOf: ({ name }) => name,
  renamed: (dns, name, members, signature) => ({ ...dns, name, members, signature }),
  keyOf: keyOf.dns,
  groupOf: (dns) => `${side(dns)}${dns.processId} ${dns.signature}`,
  siblingsOf: (dns) => `${side(dns)}${dns.processId} ${splitName(dns.signature).domain}`,
  leafOf: ({ signature }) => signature,
  absorb: absorbDns,
};
