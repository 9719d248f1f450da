import { describe, expect, it } from 'vitest';
import { readConfiguration } from './configuration.ts';

const least = {
  WSP_NODE_NAME: 'node-1',
  WSP_OPERATOR_URL: 'https://operator.svc:8443',
  WSP_CA_FILE: '/ca/ca.crt',
  WSP_TOKEN_FILE: '/token/token',
};

describe('readConfiguration', () => {
  it('needs four variables and has defaults for the rest', () => {
    expect(readConfiguration(least)).toMatchObject({
      nodeName: 'node-1',
      stateDir: '/var/lib/workload-security',
      hostProc: '/proc',
      cgroupRoot: '/sys/fs/cgroup',
      tracefs: '/sys/kernel/tracing',
      healthListen: { host: '0.0.0.0', port: 8_082 },
      logLevel: 'info',
    });
  });

  it('names everything that is wrong at once', () => {
    const wrong = {
      WSP_OPERATOR_URL: 'http://operator',
      WSP_HEALTH_LISTEN: '8082',
      WSP_RING_BYTES: '1000000',
      WSP_STATE_DIR: 'state',
      WSP_KUBEPODS_CGROUP: 'kubepods',
    };
    expect(() => readConfiguration(wrong)).toThrow(
      /name of this node[^]*https URL[^]*CA cert[^]*token[^]*absolute path[^]*below the cgroup mount[^]*HOST:PORT[^]*power of two/,
    );
  });

  it('takes the ends of slashes off folders that paths are put together from', () => {
    expect(readConfiguration({ ...least, WSP_CGROUP_ROOT: '/host/cgroup/' }).cgroupRoot).toBe('/host/cgroup');
  });
});
