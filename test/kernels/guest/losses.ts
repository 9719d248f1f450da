/** Every event is seen or counted as lost: through a ring without room, and under programs that preempt each other. */
import { drainAll, eventsOf } from '../../kernel/observed-cgroup.ts';
import type { Guest } from './guest.ts';
import type { Scenario } from './scenarios.ts';

const TINY = 4096;
const FILES = 500;

const tinyRing: Scenario = {
  name: 'a ring of one page: what it lost is counted, to the event',
  observe: async (guest: Guest) => {
    const tiny = await guest.open({ ringBytes: TINY });
    const cgroup = guest.cgroup('tiny');
    tiny.observe(cgroup.id);
    // The same activity, seen through a ring with room and through one without.
    await cgroup.run('create', guest.folder(), 'file', `${FILES}`);
    const done = drainAll(guest.capture).filter(
      (event) => event.cgroupId === cgroup.id && event.type !== 'cgroup_mkdir',
    );
    const { emitted, ringDrops } = tiny.counters();
    return {
      opens: eventsOf(done, 'open').length,
      mostLost: ringDrops > FILES / 2,
      unaccounted: done.length - emitted - ringDrops,
      ofCgroup: ringDrops - tiny.lossesOf(cgroup.id).ringDrops,
    };
  },
  expected: () => ({ opens: FILES, mostLost: true, unaccounted: 0, ofCgroup: 0 }),
};

/** Three for each CPU of the machine, so that they preempt each other. */
const PROGRAMS = 6;
const FILES_EACH = 5000;
/** 30,000 opens of below 256 bytes each fit, even if nothing is read meanwhile. */
const ROOMY = 16 << 20;

const busyPrograms: Scenario = {
  name: 'programs that preempt each other: every open is seen',
  observe: async (guest: Guest) => {
    const capture = await guest.open({ ringBytes: ROOMY });
    const cgroup = guest.cgroup('busy');
    capture.observe(cgroup.id);
    const folder = guest.folder();
    await Promise.all(
      Array.from({ length: PROGRAMS }, (_, at) => cgroup.run('create', folder, `file${at}-`, `${FILES_EACH}`)),
    );
    const paths = new Set(eventsOf(drainAll(capture), 'open').map((event) => event.file.path));
    const { ringDrops, recursionMisses, mapFull } = capture.counters();
    // The usual capture has its own ring, which this has filled.
    drainAll(guest.capture);
    return { files: paths.size, ringDrops, recursionMisses, mapFull };
  },
  expected: () => ({ files: PROGRAMS * FILES_EACH, ringDrops: 0, recursionMisses: 0, mapFull: 0 }),
};

export const losses: readonly Scenario[] = [tinyRing, busyPrograms];
