/** Joins what a program passed for a path to the directory where it begins. */

interface JoinedPath {
  /** Normalised: neither empty nor `.` nor `..`. */
  readonly components: readonly string[];
  /** No symbolic link can be in it, except for the one that its last component may be. */
  readonly straight: boolean;
  /** The last component is a name of the string, and nothing says that it must be a directory. */
  readonly endsInName: boolean;
}

/**
 * Takes `.` and `..` out by their meaning in the text. That is what the kernel does too as long as the components before are
 * no symbolic links, so `straight` holds while only components of `directory`, which has none, are taken away, and one is
 * added.
 * @param directory components of the canonical path at which the string begins
 * @param root components of the process's root directory, above which `..` does not lead, unless the path begins outside of
 * it (a working directory from before a chroot)
 */
export function joinPath(directory: readonly string[], root: readonly string[], text: string): JoinedPath {
  const floor = root.every((component, index) => component === directory[index]) ? root.length : 0;
  const components = [...directory];
  let names = 0;
  let straight = true;
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  for (const part of parts) {
    if (names > 0) straight = false;
    if (part !== '..') {
      components.push(part);
      names++;
    } else if (components.length > floor) components.pop();
  }
  return { components, straight, endsInName: parts.at(-1) !== '..' && !/(?:^|\/)\.?$/.test(text) };
}
