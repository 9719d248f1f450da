/** Service accounts of the chart whose tokens the operator is shown: each may read one thing, so a person who may ask for one has no other. */

export interface Reader {
  readonly account: string;
  /** The Role that lets a person have its token, and reach the operator. */
  readonly role: string;
  /** Bytes of the largest answer that it asks for, and some. */
  readonly longestAnswer: number;
  /** Without a byte of the answer. */
  readonly timeoutMs: number;
}

/** May read scheduling. The largest answer is a page of containers, of half a MiB. */
export const statusReader: Reader = {
  account: 'workload-security-reader',
  role: 'workload-security-status',
  longestAnswer: 1024 * 1024,
  timeoutMs: 30_000,
};

/**
 * May read what all profiles hold. An answer lists unknown behaviours of 4 Mi characters at most, in UTF-8 three bytes each at
 * most, or holds a profile of 9 MiB; one of the largest profile takes 80 s, while others may wait before it.
 */
export const modelReader: Reader = {
  account: 'workload-security-model-reader',
  role: 'workload-security-check',
  longestAnswer: 13 * 1024 * 1024,
  timeoutMs: 300_000,
};
