/**
 * Text from a container, fit to be shown: control characters, direction marks and lone surrogates become `\xNN` or
 * `\u{…}`, so that they reach neither a terminal nor a page. Backslashes stay, since paths arrive escaped already.
 */
export function printable(text: string, maxLength: number): string {
  const shown = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
  if (shown.length <= maxLength) return shown;
  // Half a character is no text: the API server takes no object with a lone surrogate in it.
  return `${shown.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
