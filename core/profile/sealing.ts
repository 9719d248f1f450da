/** When learning ends. */

export interface LearningProgress {
  /** Snapshots long enough to count. */
  readonly countedSnapshots: number;
  /** Milliseconds since the epoch. */
  readonly firstSnapshotAt: number;
}

export interface LearningGoal {
  readonly snapshots: number;
  readonly periodMs: number;
}

/** Milliseconds since the epoch at which learning ends, if no more snapshots arrive. */
export function learningEndsAt(progress: LearningProgress, goal: LearningGoal): number {
  return progress.firstSnapshotAt + goal.periodMs;
}

/**
 * Enough snapshots, or long enough since the first, whichever comes first. Time alone makes nothing stable: without one
 * snapshot that counts, nothing but fragments was seen.
 */
export function isLearned(progress: LearningProgress, goal: LearningGoal, now: number): boolean {
  const timeIsUp = now >= learningEndsAt(progress, goal) && progress.countedSnapshots > 0;
  return timeIsUp || progress.countedSnapshots >= goal.snapshots;
}
