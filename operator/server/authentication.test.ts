import { describe, expect, it } from 'vitest';
import { agentOf } from './authentication.ts';

const account = 'system:serviceaccount:workload-security:agent';
const keys = {
  node: 'authentication.kubernetes.io/node-name',
  podName: 'authentication.kubernetes.io/pod-name',
  podUid: 'authentication.kubernetes.io/pod-uid',
};
const bound = { [keys.node]: ['n1'], [keys.podName]: ['agent-n1'], [keys.podUid]: ['uid-n1'] };
const identity = (extra: Readonly<Record<string, readonly string[]>>) => ({
  username: account,
  uid: 'u',
  groups: [],
  extra,
});

describe('an agent', () => {
  it('is the pod and the node that its token is bound to', () => {
    expect(agentOf(identity(bound), account)).toEqual({ node: 'n1', podName: 'agent-n1', podUid: 'uid-n1' });
  });

  const wrong: readonly (readonly string[] | undefined)[] = [undefined, [], [''], ['one', 'another']];
  const cases = Object.entries(keys).flatMap(([field, key]) => wrong.map((values) => ({ field, key, values })));

  it.each(cases)('has exactly one $field: $values is refused', ({ key, values }) => {
    const { [key]: _, ...others } = bound;
    const extra = values === undefined ? others : { ...others, [key]: values };
    expect(() => agentOf(identity(extra), account)).toThrow('403 no-node: ');
  });
});
