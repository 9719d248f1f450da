import { Counter, type Registry } from 'prom-client';

export type ProfileMetrics = ReturnType<typeof createProfileMetrics>;

/** Metrics of the publication of profiles. */
export function createProfileMetrics(registry: Registry) {
  const registers = [registry];
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
  };
}
