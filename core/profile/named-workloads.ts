/**
 * Which workloads of an image its object names: in turns, one of each namespace before a second of any, each time the first by
 * text. So all namespaces are named while they are not more than there is room for, whatever one of them runs.
 */
import { byText } from './evidence.ts';

/** Fields of PublishedEvidence. */
export interface NamedWorkloads {
  /** `namespace/Kind/name`, by text. */
  readonly workloads: readonly string[];
  /** Those beyond; absent if there are none. */
  readonly workloadsOmitted?: number;
}

/** @param all `namespace/Kind/name` in any order, as often as they come; empty where it is not known */
export function namedWorkloads(all: readonly string[], limit: number): NamedWorkloads {
  const distinct = [...new Set(all)].filter((name) => name !== '').sort(byText);
  const inTurns = [...Map.groupBy(distinct, workloadNamespace).values()]
    .flatMap((names) => names.map((name, turn) => ({ name, turn })))
    .sort((left, right) => left.turn - right.turn || byText(left.name, right.name));
  const workloads = inTurns
    .slice(0, limit)
    .map(({ name }) => name)
    .sort(byText);
  const omitted = distinct.length - workloads.length;
  return { workloads, ...(omitted > 0 && { workloadsOmitted: omitted }) };
}

/** Whether there may be a namespace that is not named. If one is there twice, all had their turn. */
export function mayOmitNamespaces({ workloads, workloadsOmitted = 0 }: NamedWorkloads): boolean {
  return workloadsOmitted > 0 && new Set(workloads.map(workloadNamespace)).size === workloads.length;
}

function workloadNamespace(workload: string): string {
  const end = workload.indexOf('/');
  return end < 0 ? workload : workload.slice(0, end);
}
