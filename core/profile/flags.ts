/**
 * Small sets of known words as bits: bit i stands for the i-th word. Evidence is stored this way, so the lists of words in
 * core/activity/snapshot.ts only ever grow at their ends.
 */
export function toFlags<Word extends string>(words: readonly Word[], some: readonly Word[]): number {
  let flags = 0;
  for (const word of some) flags |= 1 << words.indexOf(word);
  return flags;
}

export function fromFlags<Word extends string>(words: readonly Word[], flags: number): Word[] {
  return words.filter((_, index) => (flags & (1 << index)) !== 0);
}
