/** Why a container is profiled or not: a code for machines and metrics, a text for people. */
export const reasonCodes = [
  'profiling',
  'granted',
  'waiting',
  'node-full',
  'stable',
  'share',
  'excluded',
  'own-pod',
  'disabled',
  'unknown-container',
  'other-node',
  'done',
  'agent-not-ready',
  'agent-unreachable',
  'not-reported',
] as const;

export type ReasonCode = (typeof reasonCodes)[number];

/** A slot would be given, if one was free. */
export function isWaiting(code: ReasonCode): boolean {
  return code === 'waiting' || code === 'node-full';
}

export interface Reason<Code extends ReasonCode = ReasonCode> {
  readonly code: Code;
  readonly text: string;
}

export function reason<Code extends ReasonCode>(code: Code, text: string): Reason<Code> {
  return { code, text };
}

/** Why a grant ended before its snapshot arrived, which still may: that of a container that is gone is under way. */
export const endCodes = [
  'expired',
  'container-gone',
  'agent-restarted',
  'not-taken-up',
  'stable',
  'share',
  'excluded',
  'own-pod',
  'disabled',
  'limit-lowered',
  'period-shortened',
] as const;

export type EndCode = (typeof endCodes)[number];
