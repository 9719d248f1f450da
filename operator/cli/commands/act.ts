/** Commands that the operator carries out: they set an annotation, with the user's own right to change the profile. */
import type { Command } from 'commander';
import { profileAnnotations } from '../../../crds/annotations.ts';
import { securityProfiles } from '../../controllers/resources.ts';
import { objectPath } from '../../kube/resource.ts';
import { findProfile } from '../cluster/profiles.ts';
import type { Context } from '../context.ts';
import { Failure, usage } from '../failure.ts';
import { parseProfile } from '../input/profile-document.ts';
import { type ClusterOptions, withCluster } from '../options.ts';
import { titleOf } from '../output/profile-head.ts';
import { safe } from '../output/safe.ts';

interface Options extends ClusterOptions {
  readonly yes?: true;
}

type ProfileAction = 'relearn' | 'forget' | 'release';

interface Action {
  readonly action: ProfileAction;
  readonly summary: string;
  /** What will happen, after "the operator". */
  readonly effect: string;
}

const actions: readonly Action[] = [
  {
    action: 'relearn',
    summary: 'put a profile aside and learn its image anew',
    effect:
      'moves what was learned into its archive, deletes the object and begins to learn anew; until that is finished, the image has no stable profile',
  },
  {
    action: 'forget',
    summary: 'delete all that was learned of an image',
    effect:
      'deletes the profile with its snapshots and all that the archive holds of the image, which cannot be undone; if the image runs, learning begins anew',
  },
  {
    action: 'release',
    summary: 'make known what was quarantined',
    effect:
      'takes what containers did after something suspicious as known behaviour of the image; a sealed profile stays as it is until it is relearned',
  },
];

export function addActions(parent: Command, context: Context): void {
  for (const { action, summary, effect } of actions) {
    const command = parent
      .command(action)
      .summary(summary)
      .description(`Asks the operator to ${action} a profile: it ${effect}.`)
      .argument('<profile>', 'name of the profile, or image such as nginx:1.27')
      .option('-y, --yes', 'do not ask');
    withCluster(command).action((name: string, options: Options) => act({ action, effect, name }, options, context));
  }
}

async function act(
  { action, effect, name }: { action: ProfileAction; effect: string; name: string },
  options: Options,
  { connect, terminal }: Context,
): Promise<void> {
  const client = connect(options);
  const object = await findProfile(client, name);
  const { spec } = parseProfile(object, `SecurityProfile ${object.metadata.name}`);
  const { snapshots = 0, containers = 0 } = spec.evidence ?? {};
  const what = `${object.metadata.name} (${safe(titleOf({ metadata: {}, spec }))})`;
  terminal.warn(`${what} was learned from ${snapshots} snapshots of ${containers} containers.`);
  terminal.warn(`The operator ${effect}.`);
  if (options.yes !== true) await confirm(action, { terminal });
  // The uid: a profile that took the name meanwhile is not the one that was asked about.
  const metadata = { uid: object.metadata['uid'], annotations: { [profileAnnotations.action]: action } };
  await client.request({
    method: 'PATCH',
    path: objectPath(securityProfiles, { name: object.metadata.name }),
    // Who asked for it, in Events and in the audit.
    query: { fieldManager: 'kubectl-wsp' },
    body: { metadata },
    contentType: 'application/merge-patch+json',
  });
  await terminal.write(
    `asked to ${action} ${object.metadata.name}; the operator says what it did: kubectl get events -n default --field-selector involvedObject.name=${object.metadata.name}\n`,
  );
}

async function confirm(action: ProfileAction, { terminal }: Pick<Context, 'terminal'>): Promise<void> {
  if (!terminal.interactive) {
    throw usage(`${action} wants to be confirmed, and there is nobody to ask`, 'add --yes if it is what you want');
  }
  const answer = await terminal.ask('Go on? [y/N] ');
  if (!/^y(es)?$/i.test(answer?.trim() ?? '')) throw new Failure('nothing was done');
}
