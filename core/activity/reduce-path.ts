/**
 * Per-element reducers: what differs from run to run inside a path becomes a placeholder, so that equal behaviour of two
 * containers gives equal paths. A reducer never looks beyond one path and never removes or adds an element.
 *
 * | Placeholder | Stands for                                                                  |
 * |-------------|-----------------------------------------------------------------------------|
 * | `{pid}`     | process number below /proc (`self` and `thread-self` stay), and of a Java machine below /tmp/hsperfdata_… |
 * | `{tid}`     | thread number below /proc/…/task                                            |
 * | `{fd}`      | descriptor number below /dev/fd, /proc/…/fd, /proc/…/fdinfo                 |
 * | `{range}`   | address range below /proc/…/map_files                                       |
 * | `{n}`       | number of a loop, device-mapper or pseudo terminal device, or in a memfd; of a part of a log of PostgreSQL's transactions |
 * | `{inode}`   | inode number that names a file without a name (O_TMPFILE: `#123`, `pipe:[123]`) |
 * | `{id}`      | exactly 64 hexadecimal digits: container ID or SHA-256                      |
 * | `{hex}`     | 16 or more hexadecimal digits that stand alone, and the one or two digits over which such names are spread (`objects/4b/825dc…`) |
 * | `{uuid}`    | UUID, also with `_` for `-` as in a systemd slice: pod UIDs                 |
 * | `{date}`    | calendar date, with its time of day if one follows                          |
 * | `{time}`    | data directory of a projected volume, `..2026_11_21_06_35_11.123456789`     |
 * | `{module}.pyc.{address}` | a module that CPython is compiling (`__pycache__/x.cpython-311.pyc.139974708842704`), also where names are kept |
 * | `{random}`  | what `sed -i` ends the name of the file with that it writes beside one below /etc (`/etc/nginx/conf.d/sedQ3xZ1a`) |
 *
 * A file that really is called `{uuid}` reads the same as any UUID: whoever can make the one can make the other. Every other
 * brace that a name brings is escaped, so that it never reads as a pattern (core/pattern/literal.ts).
 */
import { isImagePath } from '../pattern/kept.ts';
import { quoteBraces } from '../pattern/literal.ts';

/** Every replaced thing holds a digit, so most paths need no work. */
const digit = /\d/;

type Replacement = readonly [pattern: RegExp, placeholder: string];

/**
 * An escaped byte (`\xNN`) is not part of a run of digits. 64 digits count wherever they stand (`cri-containerd-….scope`,
 * `pod…`), shorter runs only between characters that are neither letters nor digits.
 */
const containerIds: Replacement = [/(?<!\\x|\\x[0-9a-f]|[0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g, '{id}'];

/** Ordered: a longer or more telling form first. */
const anywhere: readonly Replacement[] = [
  containerIds,
  [/(?:(?<=pod)|(?<![0-9a-fA-F]))[0-9a-fA-F]{8}([-_])(?:[0-9a-fA-F]{4}\1){3}[0-9a-fA-F]{12}(?![0-9a-fA-F])/g, '{uuid}'],
  [/(?<![0-9A-Za-z])(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{16,}(?![0-9A-Za-z])/g, '{hex}'],
  [/^\.\.\d{4}(?:_\d{2}){5}\.\d+$/, '..{time}'],
  [
    /(?<!\d)(?:19|20)\d\d([-_.]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?:[-_.T ]?\d\d[-_:.]?\d\d[-_:.]?\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)?(?![0-9A-Za-z])/g,
    '{date}',
  ],
  [/^#\d+$/, '#{inode}'],
];

/** Nothing shorter is replaced anywhere, except for {@link anywhere}'s last: a date has eight digits. */
const shortest = 8;

const devices: readonly Replacement[] = [
  [/^(loop|dm-)\d+$/, '$1{n}'],
  [/^(loop)\d+(p)\d+$/, '$1{n}$2{n}'],
];

/** Places whose numbers the kernel gives; over the whole path, as the meaning hangs on the elements before. */
const wellKnown: readonly Replacement[] = [
  [/^\/proc\/\d+(?=\/|$)/, '/proc/{pid}'],
  [/^(\/proc\/[^/]+\/task)\/\d+(?=\/|$)/, '$1/{tid}'],
  [/^(\/proc\/[^/]+(?:\/task\/[^/]+)?\/fd(?:info)?)\/\d+(?=\/|$)/, '$1/{fd}'],
  [/^(\/proc\/[^/]+(?:\/task\/[^/]+)?\/map_files)\/[0-9a-f]+-[0-9a-f]+$/, '$1/{range}'],
  [/^\/dev\/fd\/\d+(?=\/|$)/, '/dev/fd/{fd}'],
  // Parts of PostgreSQL's logs of transactions: there is another one after each million.
  [/(\/pg_(?:xact|subtrans|commit_ts|notify|serial|multixact\/(?:members|offsets)))\/[0-9A-F]{4,6}$/, '$1/{n}'],
  // Where a Java machine keeps its counters.
  [/^(\/tmp\/hsperfdata_[^/]+)\/\d+$/, '$1/{pid}'],
  [/^\/dev\/pts\/\d+$/, '/dev/pts/{n}'],
  // What /dev/stderr leads to in a container whose output is collected.
  [/^(pipe|socket):\[\d+\]$/, '$1:[{inode}]'],
  [/(?<=^\/memfd:[^/]*)(?<!\\x[0-9a-f]?)\d+(?=[^/]*$)/g, '{n}'],
];

const wellKnownPlace = /^(?:\/(?:proc|dev)\/|\/tmp\/hsperfdata_|\/memfd:|pipe:|socket:)/;

/**
 * Python writes a compiled module under a name that ends with the address of a string, and renames it. Where it may not write
 * it fails anew at each import: a third of a profile said nothing else. Such names are not information even in directories of
 * the image: nothing is ever imported or run under them (importers look for the suffix `.pyc`, and {@link reduceExecutable}
 * leaves them alone). The directory stays, and so does the name that the file gets at last.
 */
const unfinishedPyc = /(\/__pycache__\/)[^/]+(\.pyc\.)(?:\d+|\{address\})$/;

/**
 * `sed -i` writes a new file and renames it over the old one; scripts with which containers start edit their configuration so,
 * each time under another name. The directory stays, and with it what reads all of its files, such as cron: what passes for
 * known there is only what the very process (sed, begun by this script) did there before, in the same way. A word, or a word
 * with a number, does not look like it.
 */
const editedFile =
  /^(\/etc\/(?:[^/]+\/)*sed)(?![A-Z]?[a-z]*\d+$|[A-Z]*\d+$)(?=[A-Za-z0-9]*(?:\d|[a-z][A-Z]))[A-Za-z0-9]{6}$/;

/** Repeats, as one replacement may bare the next; ends, as each takes digits away and no placeholder brings any. */
function replaceAll(text: string, replacements: readonly Replacement[]): string {
  const reduced = replacements.reduce((part, [pattern, placeholder]) => part.replace(pattern, placeholder), text);
  return reduced === text ? text : replaceAll(reduced, replacements);
}

/**
 * Path of a file as a profile keeps it. Idempotent: `reducePath(reducePath(p)) === reducePath(p)`. The path is escaped as
 * {@link FilePath} says, absolute or the leaf side of a longer one.
 */
export function reducePath(found: string): string {
  const configured = found.startsWith('/etc/');
  if (!configured && !digit.test(found) && !found.endsWith('{address}')) return quoteBraces(found);
  const path = (configured ? found.replace(editedFile, '$1{random}') : found).replace(
    unfinishedPyc,
    '$1{module}$2{address}',
  );
  if (isImagePath(path)) return quoteBraces(path);
  const general = /^\/(?:dev|sys)\//.test(path) ? [...devices, ...anywhere] : anywhere;
  const may = (element: string): boolean =>
    digit.test(element) && (element.length >= shortest || element.startsWith('#') || general !== anywhere);
  const elements = (wellKnownPlace.test(path) || path.includes('/pg_') ? replaceAll(path, wellKnown) : path)
    .split('/')
    .map((element) => (may(element) ? replaceAll(element, general) : element));
  return quoteBraces(withFanOut(elements).join('/'));
}

/**
 * Stores of files that are named by a hash spread them over directories of two hexadecimal digits, at one level (git) or two
 * (npm), of one digit above two (nginx), or of one digit at three levels or more (pip: five).
 */
function withFanOut(elements: readonly string[]): readonly string[] {
  const reduced = [...elements];
  const leaf = reduced.length - 1;
  const above = reduced.findLastIndex((element, at) => at < leaf && !/^[0-9a-f]$/.test(element));
  if (leaf - above > 3 && /^\{(?:hex|id)\}/.test(reduced[leaf] ?? '')) reduced.fill('{hex}', above + 1, leaf);
  for (let at = reduced.length - 2; at > 1; at -= 1) {
    const [above, below] = [reduced[at] ?? '', reduced[at + 1] ?? ''];
    const spread = /^[0-9a-f]{2}$/.test(above) && /^\{(?:hex|id)\}/.test(below);
    const wider = /^[0-9a-f]$/.test(above) && below === '{hex}' && at + 2 < reduced.length;
    if (spread || wider) reduced[at] = '{hex}';
  }
  return reduced;
}

/**
 * Path of an executable or script as a profile keeps it. What runs is the identity of a process, so only what the runtime
 * or the kernel chose is replaced: container IDs, numbers below /proc and /dev, numbers in a memfd's name.
 */
export function reduceExecutable(path: string): string {
  if (!digit.test(path) || isImagePath(path)) return path;
  return replaceAll(replaceAll(path, wellKnown), [containerIds]);
}
