/** `status.scheduling` of a profile: when it is written anew, and as what. */
import { formatHours } from '../../../core/duration.ts';
import type { Scheduling, SecurityProfileStatus } from '../../../crds/security-profile.ts';
import type { Hours } from '../../learning/hours.ts';
import type { ImageView } from '../../scheduling/image-view.ts';

export interface SchedulingFacts {
  readonly view: ImageView;
  /** Absent if nothing was noted of when containers were watched. */
  readonly hours?: Hours | undefined;
}

/** `sealed`: whatever the agents still do, a finished profile needs nobody. */
export function schedulingOf({ view, hours }: SchedulingFacts): Scheduling {
  const { reason, message, watching, waiting } = view;
  return {
    ...(hours !== undefined && hoursFields(hours)),
    watching,
    waiting,
    reason,
    message,
  };
}

function hoursFields({ watchedMs, ranMs }: Hours): Pick<Scheduling, 'hoursWatched' | 'hoursRun' | 'watched'> {
  const watched = `${formatHours(watchedMs)} of ${formatHours(ranMs)}`;
  return { hoursWatched: inTenths(watchedMs), hoursRun: inTenths(ranMs), watched };
}

/** Rounded down: a profile that says an hour has had one. */
function inTenths(milliseconds: number): string {
  const tenths = Math.floor(milliseconds / 360_000);
  return `${Math.floor(tenths / 10)}.${tenths % 10}`;
}

/** Hours alone are no news: they would be for every profile, all the time. */
export function isNews(previous: SecurityProfileStatus['scheduling'], now: Scheduling): boolean {
  return previous?.message !== now.message || previous.reason !== now.reason;
}
