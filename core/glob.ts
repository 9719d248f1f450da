/** Globs: `*` stands for characters other than a slash, `**` for any. */

export type GlobToken =
  { readonly type: 'character'; readonly value: string } | { readonly type: 'segment' | 'anything' };

export function globTokens(pattern: string): GlobToken[] {
  return Array.from(pattern.matchAll(/\*\*|./gsu), ([value]): GlobToken => {
    if (value === '**') return { type: 'anything' };
    return value === '*' ? { type: 'segment' } : { type: 'character', value };
  });
}

/**
 * Pattern times text steps at most: patterns are typed by people and names by attackers, so there is nothing here that
 * could backtrack.
 */
export function matchesGlob(pattern: readonly GlobToken[], text: string): boolean {
  // reached[i]: the first i tokens can match the text read so far.
  let reached = stepOverStars(pattern, [true]);
  for (const character of text) {
    const next: boolean[] = [];
    for (const [index, token] of pattern.entries()) {
      if (reached[index] !== true) continue;
      if (token.type === 'anything' || (token.type === 'segment' && character !== '/')) next[index] = true;
      if (token.type === 'character' && token.value === character) next[index + 1] = true;
    }
    reached = stepOverStars(pattern, next);
  }
  return reached[pattern.length] === true;
}

/** A star may also stand for nothing. */
function stepOverStars(pattern: readonly GlobToken[], reached: boolean[]): boolean[] {
  for (const [index, token] of pattern.entries()) {
    if (reached[index] === true && token.type !== 'character') reached[index + 1] = true;
  }
  return reached;
}
