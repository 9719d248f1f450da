/** Who may make quarantined behaviour known: the chart's admission policy on a real API server. */
import { expect } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { findHelm, objects, render } from '../../hack/chart/render.ts';
import type { ApiServer } from './api-server.ts';
import { test } from './kinds.ts';
import { sampleProfile } from './sample-profile.ts';

const kinds = z.looseObject({ kind: z.string() });

async function installPolicy(apiServer: ApiServer, helm: string): Promise<void> {
  const rendered = render(helm, { 'crds.install': false });
  if (!rendered.accepted) throw new Error(rendered.reason);
  const policies = objects(rendered.manifest).filter((object) =>
    kinds.parse(object).kind.startsWith('ValidatingAdmissionPolicy'),
  );
  expect(policies).toHaveLength(2);
  await apiServer.kubectl(['apply', '-f', '-'], policies.map((policy) => stringify(policy)).join('---\n'));
}

test('releasing and forgetting need the verb release, patching does not do', async ({ apiServer, withKinds, skip }) => {
  const helm = findHelm();
  if (helm === undefined) return skip('Helm is neither built (make up) nor on the PATH');
  await withKinds(apiServer);
  await installPolicy(apiServer, helm);
  const [name, other] = ['one', 'two'];
  for (const each of [name, other]) {
    await apiServer.kubectl(['create', '-f', '-'], stringify(sampleProfile(each)));
  }
  const grant = (user: string, verbs: string): Promise<unknown> =>
    apiServer
      .kubectl(['create', 'clusterrole', user, `--verb=${verbs}`, '--resource=securityprofiles.workloadsecurity.dev'])
      .then(() => apiServer.kubectl(['create', 'clusterrolebinding', user, `--clusterrole=${user}`, `--user=${user}`]));
  await grant('editor', 'get,patch');
  await grant('releaser', 'get,patch,release');
  const ask = (user: string, change: string, profile = name): Promise<string> =>
    apiServer.kubectl(['annotate', 'securityprofile', profile, '--overwrite', change, `--as=${user}`]);

  const refusal = /needs the verb release/;
  // Policies come into force a moment after they were made.
  const released = (): Promise<unknown> => ask('editor', 'workloadsecurity.dev/action=release', other).catch(String);
  await expect.poll(released).toMatch(refusal);
  for (const action of ['release', 'forget']) {
    await expect(ask('editor', `workloadsecurity.dev/action=${action}`)).rejects.toThrow(refusal);
    await expect(ask('releaser', `workloadsecurity.dev/action=${action}`)).resolves.toContain('annotated');
    // What somebody else asked for does not keep others from their work.
    await expect(ask('editor', 'workloadsecurity.dev/keep=yes')).resolves.toContain('annotated');
    await expect(ask('editor', 'workloadsecurity.dev/action-')).resolves.toContain('annotated');
  }
  await expect(ask('editor', 'workloadsecurity.dev/action=relearn')).resolves.toContain('annotated');
  await expect(ask('editor', 'workloadsecurity.dev/action=release')).rejects.toThrow(refusal);
});
