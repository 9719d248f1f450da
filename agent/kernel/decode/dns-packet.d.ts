/** A table that dns-packet has, and its published types leave out. */
declare module 'dns-packet/types.js' {
  /** Name of a record type, `UNKNOWN_65280` if it has none. */
  export function toString(type: number): string;
}
