import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, test, type TestContext } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { readObjects, type ChartObjects } from './objects.ts';
import { findHelm, objects, render } from './render.ts';

const helm = findHelm();

const withoutDefinitions = { 'crds.install': false };

function manifest(values: Readonly<Record<string, unknown>>): string {
  if (helm === undefined) throw new Error('without Helm no test of the chart should run');
  const rendering = render(helm, values);
  if (!rendering.accepted) throw new Error(rendering.reason);
  return rendering.manifest;
}

const chart = (values: Readonly<Record<string, unknown>> = withoutDefinitions): ChartObjects =>
  readObjects(objects(manifest(values)));

function podOf(rendered: ChartObjects, name: string) {
  const pod = rendered.pods.get(name);
  const container = pod?.containers[0];
  if (pod === undefined || container === undefined) throw new Error(`the chart has no pod of ${name}`);
  return { pod, container };
}

const operator = 'StatefulSet/workload-security-operator';
const agent = 'DaemonSet/workload-security-agent';

beforeEach((context: TestContext) => {
  if (helm === undefined) context.skip('Helm is neither built (make up) nor on the PATH');
});

describe('what the chart renders', () => {
  // A change of these files is a change of what runs in clusters: read the diff. `vitest --update` writes them anew.
  test('with defaults', async () => {
    await expect(manifest(withoutDefinitions)).toMatchFileSnapshot('golden/defaults.yaml');
  });

  test('with everything changed that can be', async () => {
    const values = {
      ...withoutDefinitions,
      'images.agent.digest': `sha256:${'0'.repeat(64)}`,
      'images.pullSecrets': ['registry'],
      commonLabels: { team: 'security' },
      'operator.persistence': { type: 'hostPath', hostPath: '/srv/workload-security' },
      'operator.tolerations': [{ key: 'control-plane', operator: 'Exists' }],
      'agent.priorityClass': { create: false, name: 'system-node-critical' },
      'agent.updateStrategy.maxUnavailable': '10%',
      'rbac.aggregateToView': false,
      'networkPolicy.operatorFrom': [{ namespaceSelector: { matchLabels: { team: 'monitoring' } } }],
      'metrics.serviceMonitor': { enabled: true, labels: { release: 'prometheus' } },
    };
    await expect(manifest(values)).toMatchFileSnapshot('golden/changed.yaml');
  });

  test('without network policies, priority class and volume where they are turned off', () => {
    const values = {
      ...withoutDefinitions,
      'networkPolicy.enabled': false,
      'agent.priorityClass.create': false,
      'operator.persistence.type': 'emptyDir',
    };
    const kinds = chart(values).all.map(({ kind }) => kind);
    expect(kinds).not.toContain('NetworkPolicy');
    expect(kinds).not.toContain('PriorityClass');
    expect(manifest(values)).not.toContain('volumeClaimTemplates');
  });
});

describe('custom resource definitions', () => {
  const folder = fileURLToPath(new URL('../../crds/manifests/', import.meta.url));
  const definition = z.object({
    kind: z.literal('CustomResourceDefinition'),
    metadata: z.looseObject({ name: z.string(), annotations: z.record(z.string(), z.string()).default({}) }),
    spec: z.unknown(),
  });

  test('are all installed with the generated schema, and kept when the release goes', () => {
    const specs = (documents: readonly unknown[]): unknown =>
      Object.fromEntries(
        documents.map((document) => {
          const { metadata, spec } = definition.parse(document);
          return [metadata.name, spec];
        }),
      );
    const rendered = objects(manifest({})).filter((object) => definition.safeParse(object).success);
    const generated = readdirSync(folder).map((file): unknown => parse(readFileSync(join(folder, file), 'utf8')));
    expect(generated.length).toBeGreaterThan(0);
    expect(specs(rendered)).toEqual(specs(generated));
    for (const object of rendered)
      expect(definition.parse(object).metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
  });
});

describe('values.schema.json', () => {
  const refused: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
    ['a misspelt key', { 'operator.persistance.type': 'pvc' }, "additional properties 'persistance' not allowed"],
    ['a key that does not exist', { 'agent.privileged': true }, "additional properties 'privileged' not allowed"],
    ['a hostPath without its path', { 'operator.persistence.type': 'hostPath' }, '/operator/persistence/hostPath'],
    ['an unknown kind of storage', { 'operator.persistence.type': 'nfs' }, "one of 'pvc', 'hostPath', 'emptyDir'"],
    ['resources without limits', { 'agent.resources.limits': null }, "missing property 'limits'"],
    ['a digest that is none', { 'images.agent.digest': 'sha256:12' }, '/images/agent/digest'],
    ['a label of the chart itself', { commonLabels: { 'app.kubernetes.io/name': 'x' } }, 'invalid propertyName'],
    ['a number where text belongs', { 'agent.logLevel': 3 }, '/agent/logLevel'],
  ];

  test.each(refused)('refuses %s and says where', (_what, values, reason) => {
    expect(helm === undefined ? undefined : render(helm, values)).toEqual({
      accepted: false,
      reason: expect.stringContaining(reason) as unknown,
    });
  });

  test('knows every value that the chart has', () => {
    const values: unknown = parse(
      readFileSync(fileURLToPath(new URL('../../charts/workload-security/values.yaml', import.meta.url)), 'utf8'),
    );
    const entries = Object.entries(values ?? {});
    expect(entries.length).toBeGreaterThan(0);
    expect(() => manifest(Object.fromEntries(entries))).not.toThrow();
  });
});

describe('rights', () => {
  test('no rule has a wildcard, and none escalates', () => {
    const rules = chart().roles.flatMap((role) => role.rules);
    expect(rules.length).toBeGreaterThan(0);
    for (const rule of rules) {
      expect(Object.values(rule).flat().join(' ')).not.toContain('*');
      expect(rule.verbs).not.toEqual(expect.arrayContaining([expect.stringMatching(/^(impersonate|escalate|bind)$/)]));
    }
  });

  test('nobody may read Secrets but the one of our own by name, in our own namespace', () => {
    const touching = chart().roles.flatMap(({ kind, rules }) =>
      rules
        .filter(
          (rule) => rule.resources.includes('secrets') && !(rule.verbs.length === 1 && rule.verbs[0] === 'create'),
        )
        .map((rule) => [kind, rule.resourceNames]),
    );
    expect(touching).toEqual([['Role', ['workload-security-tls']]]);
  });

  test('people get tokens of accounts that read one thing, each by a Role of its own that nobody is bound to', () => {
    const { roles, bindings } = chart();
    const readers = roles.flatMap(({ metadata, rules }) =>
      rules
        .filter(({ resources }) => resources.includes('serviceaccounts/token'))
        .map(({ resourceNames, verbs }) => {
          const bound = bindings.filter(({ subjects }) => subjects.some(({ name }) => resourceNames.includes(name)));
          const rights = roles.filter((role) => bound.some(({ roleRef }) => roleRef.name === role.metadata.name));
          const reads = rights.flatMap((role) => role.rules.flatMap((rule) => [rule.resources, rule.verbs]));
          const given = bindings.filter(({ roleRef }) => roleRef.name === metadata.name);
          return { role: metadata.name, account: resourceNames, verbs, reads, given };
        }),
    );
    const shown = { verbs: ['create'], given: [] };
    expect(readers).toEqual([
      {
        ...shown,
        role: 'workload-security-status',
        account: ['workload-security-reader'],
        reads: [['scheduling'], ['get']],
      },
      {
        ...shown,
        role: 'workload-security-check',
        account: ['workload-security-model-reader'],
        reads: [['securityprofiles/model'], ['get']],
      },
    ]);
    const aggregated = roles.filter(({ metadata: { labels } }) =>
      Object.keys(labels).some((label) => label.includes('aggregate-to')),
    );
    expect(aggregated.map(({ metadata }) => metadata.name)).toEqual(['workload-security-viewer']);
  });

  test('the agent has none, and no token for the API server', () => {
    const rendered = chart();
    const subjects = rendered.bindings.flatMap((binding) => binding.subjects.map(({ name }) => name));
    expect(subjects).not.toContain('workload-security-agent');
    const { pod } = podOf(rendered, agent);
    expect(pod).toMatchObject({ automountServiceAccountToken: false, serviceAccountName: 'workload-security-agent' });
    expect(pod.volumes.find(({ name }) => name === 'token')).toMatchObject({
      projected: {
        sources: [{ serviceAccountToken: { audience: 'workload-security.agent', expirationSeconds: 3600 } }],
      },
    });
  });
});

describe('pods', () => {
  test('all but the agent satisfy the restricted Pod Security standard', () => {
    const others = [...chart().pods].filter(([name]) => name !== agent);
    expect(others.map(([name]) => name)).toEqual([operator, 'Pod/workload-security-test']);
    for (const [, pod] of others) {
      expect(pod).toMatchObject({ hostPID: false, hostNetwork: false });
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      expect(pod.volumes.filter((volume) => 'hostPath' in volume)).toEqual([]);
      for (const { securityContext } of pod.containers)
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
    }
  });

  test('the agent has four capabilities, and writes to one directory of the host', () => {
    const { pod, container } = podOf(chart(), agent);
    expect(pod).toMatchObject({ hostPID: true, hostNetwork: false });
    expect(container.securityContext).toEqual({
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'], add: ['BPF', 'PERFMON', 'SYS_PTRACE', 'DAC_READ_SEARCH'] },
    });
    const writable = container.volumeMounts.filter(({ readOnly }) => !readOnly).map(({ mountPath }) => mountPath);
    expect(writable).toEqual(['/var/lib/workload-security']);
  });

  test('the agent looks for the operator where the Service is', () => {
    const rendered = chart();
    const service = rendered.all.find(({ kind }) => kind === 'Service')?.metadata;
    const environment = new Map(podOf(rendered, agent).container.env.map(({ name, value }) => [name, value]));
    expect(environment.get('WSP_OPERATOR_URL')).toBe(`https://${service?.name}.${service?.namespace}.svc:8443`);
    const served = podOf(rendered, operator).container.env.find(({ name }) => name === 'WSP_SERVICE_NAME');
    expect(served?.value).toBe(service?.name);
  });
});
