import { describe, expect, it } from 'vitest';
import { readConfiguration } from './configuration.ts';

describe('readConfiguration', () => {
  it('needs only the namespace', () => {
    expect(readConfiguration({ WSP_NAMESPACE: 'security' })).toMatchObject({
      namespace: 'security',
      listen: { host: '0.0.0.0', port: 8443 },
      kubeconfig: undefined,
      podUid: undefined,
    });
  });

  it('takes IPv6 addresses in brackets', () => {
    const { listen } = readConfiguration({ WSP_NAMESPACE: 'security', WSP_LISTEN: '[::1]:0' });
    expect(listen).toEqual({ host: '::1', port: 0 });
  });

  it('names every variable that is wrong', () => {
    const wrong = { WSP_LISTEN: '8443', WSP_HEALTH_LISTEN: 'a:70000', WSP_LOG_LEVEL: 'loud' };
    expect(() => readConfiguration(wrong)).toThrow(
      /namespace(.|\n)*WSP_NAMESPACE(.|\n)*WSP_LISTEN(.|\n)*WSP_HEALTH_LISTEN(.|\n)*WSP_LOG_LEVEL/,
    );
  });
});
