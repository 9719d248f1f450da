/** Annotations by which people tell the operator what to do with a SecurityProfile. Sealed ones take them too. */
export const profileAnnotations = {
  /**
   * What the operator shall do at once: `relearn` moves the profile into the archive and begins anew, as deleting the object
   * does; `forget` removes it with its snapshots and all that the archive holds of its image; `release` makes quarantined
   * behaviour known.
   */
  action: 'workloadsecurity.dev/action',
  /** With any value: the profile stays, however long its image has not been running. */
  keep: 'workloadsecurity.dev/keep',
} as const;
