/** Longer ones are no extensions any more but random parts of a name, as of `tmp.Xa3kQ9`. */
const extensionLength = 5;

/** With its dot; empty if there is none. What begins with the only dot (`.env`) is a hidden name without extension. */
export function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  const extension = name.slice(dot + 1);
  const isOne = dot > 0 && extension.length <= extensionLength && /^(?!\d+$)[A-Za-z0-9]+$/.test(extension);
  return isOne ? name.slice(dot) : '';
}
