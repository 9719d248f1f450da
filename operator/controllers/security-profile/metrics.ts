import { Counter, type Registry } from 'prom-client';

export type ProfileMetrics = ReturnType<typeof createProfileMetrics>;

/** Metrics of the publication of profiles. */
export function createProfileMetrics(registry: Registry) {
  const registers = [registry];
  const relearningHeld = new Counter({
    name: 'profiles_relearning_held_total',
    help: 'Times that a finished profile stayed although another build runs under its tag, by reason: others (not those who taught most of it run it), recent (learning began anew too short a time ago).',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of ['others', 'recent']) relearningHeld.inc({ reason }, 0);
  return {
    publications: new Counter({
      name: 'profile_publications_total',
      help: 'Specs of SecurityProfiles written, by reason: new, sealed, changed, restored (edited by somebody else).',
      labelNames: ['reason'],
      registers,
    }),
    publishedBytes: new Counter({
      name: 'profile_published_bytes_total',
      help: 'Bytes of JSON of the specs written.',
      registers,
    }),
    postponed: new Counter({
      name: 'profile_publications_postponed_total',
      help: 'Publications put off, by reason: interval, bytes (the limit of all profiles together).',
      labelNames: ['reason'],
      registers,
    }),
    sealed: new Counter({ name: 'profiles_sealed_total', help: 'Profiles that became stable.', registers }),
    forgotten: new Counter({
      name: 'profiles_forgotten_total',
      help: 'Profiles whose object was deleted, so that learning began anew.',
      registers,
    }),
    actions: new Counter({
      name: 'profile_actions_total',
      help: 'Actions that people asked for by annotation, by action: relearn, forget, release.',
      labelNames: ['action'],
      registers,
    }),
    newBuilds: new Counter({
      name: 'profiles_relearned_for_new_digest_total',
      help: 'Finished profiles that began anew because another build runs under their tag.',
      registers,
    }),
    relearningHeld,
    archived: new Counter({
      name: 'profiles_archived_total',
      help: 'Profiles that left the cluster for the archive, by reason: idle (not running for long), tags (too many of the image), bytes (all together too large).',
      labelNames: ['reason'],
      registers,
    }),
    returned: new Counter({
      name: 'profiles_returned_total',
      help: 'Profiles that came back from the archive because their image runs again.',
      registers,
    }),
    archiveDropped: new Counter({
      name: 'archived_profiles_dropped_total',
      help: 'Profiles dropped from the archive, because of its age or bytes.',
      registers,
    }),
  };
}
