/**
 * Lists of words grow with the versions of agents. A reader that is older than the writer leaves out the words that it does
 * not know, and counts them, instead of refusing everything that they stand in.
 */
export class Vocabulary {
  /** Words that were not understood so far. */
  unknown = 0;

  /** Those of `words` that are known, each once. */
  among<Word extends string>(known: readonly Word[], words: readonly string[]): Word[] {
    const found = known.filter((word) => words.includes(word));
    this.unknown += words.filter((word) => !known.some((each) => each === word)).length;
    return found;
  }

  one<Word extends string>(known: readonly Word[], word: string): Word | undefined {
    const found = known.find((each) => each === word);
    if (found === undefined) this.unknown += 1;
    return found;
  }
}
