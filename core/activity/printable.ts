/**
 * Text from a container, fit to be shown: control characters, direction marks and lone surrogates become `\xNN` or
 * `\u{…}`, so that they reach neither a terminal nor a page. Backslashes stay, since paths arrive escaped already.
 */
export function printable(text: string, maxLength: number): string {
  const shown = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
  return shown.length > maxLength ? `${shown.slice(0, maxLength - 1)}…` : shown;
}
