/** The known file, name or endpoint that is nearest to one that is not known. */
import { identityKey } from '../activity/identity.ts';
import { splitName } from '../pattern/dns.ts';
import { blockCovers } from '../profile/blocks.ts';
import type { ProcessIdentity } from '../profile/evidence.ts';
import {
  type KnownBehaviour,
  type KnownEndpoint,
  type KnownFile,
  type KnownName,
  lineageOf,
} from './known-behaviour.ts';
import { nearestOf, nearNames, nearPath } from './nearness.ts';

export interface Surroundings {
  readonly known: KnownBehaviour;
  /** Of the miss; undefined if its process is not known either. */
  readonly processId: string | undefined;
  /** How much of its lineage another process has as well. */
  readonly sharedWith: (processId: string) => number;
}

export function sharedAncestors(
  known: KnownBehaviour,
  lineage: readonly ProcessIdentity[],
): (processId: string) => number {
  const keys = lineage.map(identityKey);
  const answers = new Map<string, number>();
  return (processId) => {
    const answer = answers.get(processId);
    if (answer !== undefined) return answer;
    const other = lineageOf(known, processId).map(identityKey);
    const differs = keys.findIndex((key, index) => key !== other[index]);
    // Of those that share equally much the one with the least besides: lineages have at most 32 programs.
    const shared = (differs < 0 ? keys.length : differs) - other.length / 100;
    answers.set(processId, shared);
    return shared;
  };
}

/** The same path elsewhere first: with another access, by another process; then the nearest of this process, then of any. */
export function nearestFile(
  { known, processId: own, sharedWith }: Surroundings,
  { path, access }: Omit<KnownFile, 'processId'>,
): KnownFile | undefined {
  const same = nearestOf(known.filesAt.get(path) ?? [], ({ processId, access: other }) => [
    Number(processId === own),
    Number(other === access),
    sharedWith(processId),
  ]);
  const nearness = nearPath(path);
  const near = (files: Iterable<KnownFile>): KnownFile | undefined =>
    nearestOf(files, (file) => {
      const paths = nearness(file.path);
      return paths && [...paths, Number(file.access === access), sharedWith(file.processId)];
    });
  return same ?? near(known.filesOf.get(own ?? '') ?? []) ?? near(known.files);
}

/** The same name elsewhere; then, below the same registered domain, the nearest of this process, then of any. */
export function nearestName({ known, processId: own, sharedWith }: Surroundings, name: string): KnownName | undefined {
  return nearestOf(known.namesBelow.get(splitName(name).domain) ?? [], (other) => [
    Number(other.name === name),
    Number(other.processId === own),
    ...nearNames(name, other.name),
    sharedWith(other.processId),
  ]);
}

type Endpoint = Omit<KnownEndpoint, 'processId'>;

/** The same endpoint elsewhere; then of this process, then of any, the same peer on another port, or the port of another peer. */
export function nearestEndpoint(
  { known, processId: own, sharedWith }: Surroundings,
  wanted: Endpoint,
): KnownEndpoint | undefined {
  const near = (endpoints: readonly KnownEndpoint[]): KnownEndpoint | undefined =>
    nearestOf(endpoints, (endpoint) => {
      const alike = likeness(wanted, endpoint);
      return alike && [...alike, sharedWith(endpoint.processId)];
    });
  const same = known.endpoints.filter(
    ({ direction, protocol, peer, port }) =>
      direction === wanted.direction && protocol === wanted.protocol && peer === wanted.peer && port === wanted.port,
  );
  return near(same) ?? near(known.endpointsOf.get(own ?? '') ?? []) ?? near(known.endpoints);
}

/** Undefined if neither the way, nor the peer, nor the port is the same. */
function likeness(wanted: Endpoint, { direction, protocol, peer, port }: Endpoint): readonly number[] | undefined {
  const sameWay = direction === wanted.direction;
  const samePeer = peer !== '' && blockCovers(peer, wanted.peer);
  const samePort = port === wanted.port;
  if (!sameWay && !samePeer && !samePort) return undefined;
  return [sameWay && samePeer, sameWay && samePort, samePeer, samePort, protocol === wanted.protocol].map(Number);
}
