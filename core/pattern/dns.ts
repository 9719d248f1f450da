/** Patterns of DNS names: only labels left of what somebody registered, so that a look-alike domain is never a known one. */
import { getDomain } from 'tldts';
import { signatureOf } from './signature.ts';
import { matchesTemplate } from './template.ts';

/**
 * The labels that may become patterns, and the rest. Of services in a cluster namespace and service are kept like a
 * registered domain, of other names the domain by the public suffix list, also below suffixes of hosting companies
 * (`bucket7.s3.amazonaws.com`).
 */
export function splitName(name: string): { readonly labels: readonly string[]; readonly domain: string } {
  const domain = /(?:^|\.)((?:(?:[^.]+\.)?[^.]+\.svc|[^.]+\.pod)\..+)$/.exec(name)?.[1] ?? registered(name);
  const left = name.slice(0, name.length - domain.length);
  return { labels: left === '' ? [] : left.slice(0, -1).split('.'), domain };
}

/** The whole name where nothing is registered: names of one label, and addresses. */
function registered(name: string): string {
  const domain = getDomain(name, { allowPrivateDomains: true, validateHostname: false, extractHostname: false });
  return domain !== null && name.endsWith(`.${domain}`) ? domain : name;
}

/** As `pathSignature` for paths. */
export function nameSignature(name: string): string {
  if (!/\d/.test(name)) return name;
  const { labels, domain } = splitName(name);
  return [...labels.map(signatureOf), domain].join('.');
}

/** As `matchesPath` for paths: label by label, and of the same domain. */
export function matchesName(pattern: string, name: string): boolean {
  const [wide, narrow] = [splitName(pattern), splitName(name)];
  return (
    wide.domain === narrow.domain &&
    wide.labels.length === narrow.labels.length &&
    wide.labels.every((template, index) => matchesTemplate(template, narrow.labels[index] ?? ''))
  );
}
