/**
 * What an interpreter was told to run. Arguments never enter a profile; this picks from them the one thing that says which
 * program it is: the script's path, or that the code itself stood on the command line.
 */

export interface Program {
  /** Path as given (perhaps relative), or `-m NAME` for a Python module. */
  readonly script?: string;
  readonly inline?: true;
}

/** Options of one family of interpreters, by what they do with the argument that follows. */
interface Options {
  /** Letters that are followed by code. */
  readonly code: string;
  /** Letters that are followed by the script's path. */
  readonly file?: string;
  /** Letters that take a value, attached or as the next argument. */
  readonly value?: string;
  /** Letters whose value is always attached: the rest of the cluster is not a list of letters. */
  readonly attached?: string;
  /** Letters after which the program comes from elsewhere (standard input). */
  readonly none?: string;
  /** Letter that is followed by the name of a module. */
  readonly module?: string;
  readonly longCode?: readonly string[];
  readonly longValue?: readonly string[];
  /** The first plain argument is code, not a path. */
  readonly plainIsCode?: true;
}

const shell: Options = { code: 'c', value: 'oO', none: 's', longValue: ['--rcfile', '--init-file'] };
const families: readonly (readonly [name: RegExp, options: Options])[] = [
  [/^(?:r?bash|dash|ash|sh|hush|m?ksh|zsh|fish|yash|posh)$/, shell],
  [/^(?:python|pypy)$/, { code: 'c', module: 'm', value: 'WXQ', longValue: ['--check-hash-based-pycs'] }],
  [/^perl$/, { code: 'eE', value: 'I', attached: 'MmiFxCdDV' }],
  [/^(?:ruby|jruby|truffleruby)$/, { code: 'e', value: 'IrCE', attached: 'xFiKTW' }],
  [
    /^(?:node|nodejs|bun)$/,
    {
      code: 'ep',
      value: 'rC',
      longCode: ['--eval', '--print'],
      longValue: [
        '--require',
        '--import',
        '--loader',
        '--experimental-loader',
        '--conditions',
        '--input-type',
        '--title',
      ],
    },
  ],
  [/^php(?:-cgi|dbg)?$/, { code: 'rBRE', file: 'fF', value: 'dczStgT' }],
  [/^(?:lua|luajit|texlua)$/, { code: 'e', value: 'l' }],
  [/^(?:expect|tclsh|wish)$/, { code: 'c', file: 'f' }],
  [/^(?:[gmn]?awk|original-awk)$/, { code: '', file: 'f', value: 'Fv', plainIsCode: true }],
  [/^Rscript$/, { code: 'e', longCode: ['--expr'] }],
];

/** `python3.11`, `php8.2`, `lua5.4`, `node-20` are known by their name without the version. */
const version = /-?\d+(?:\.\d+)*$/;

type Step = { readonly program: Program } | { readonly skip: number };

function program(meaning: 'code' | 'none' | 'file' | 'module', value: string | undefined): Program {
  switch (meaning) {
    case 'code':
      return { inline: true };
    case 'none':
      return {};
    case 'file':
      return scriptOf(value);
    case 'module':
      return value === undefined ? {} : { script: `-m ${value}` };
  }
}

const meanings = ['code', 'none', 'file', 'module', 'attached', 'value'] as const;

/** One argument that begins with a single `-` (for shells also `+`): a cluster of letters. */
function readCluster(options: Options, argument: string, next: string | undefined): Step {
  for (let at = 1; at < argument.length; at += 1) {
    const letter = argument.charAt(at);
    const meaning = meanings.find((candidate) => options[candidate]?.includes(letter) === true);
    const rest = argument.slice(at + 1);
    if (meaning === 'attached') return { skip: 1 };
    if (meaning === 'value') return { skip: rest === '' ? 2 : 1 };
    if (meaning !== undefined) return { program: program(meaning, rest === '' ? next : rest) };
  }
  return { skip: 1 };
}

function readLong(options: Options, argument: string): Step {
  const name = argument.split('=', 1)[0] ?? argument;
  if (options.longCode?.includes(name) === true) return { program: { inline: true } };
  return { skip: name === argument && options.longValue?.includes(name) === true ? 2 : 1 };
}

function scriptOf(path: string | undefined): Program {
  return path === undefined || path === '' ? {} : { script: path };
}

function plain(options: Options, argument: string | undefined): Program {
  if (options.plainIsCode === true && argument !== undefined) return { inline: true };
  return scriptOf(argument);
}

function readArguments(options: Options, argv: readonly string[]): Program {
  for (let at = 1; at < argv.length;) {
    const argument = argv[at] ?? '';
    if (argument === '-') return {};
    if (argument === '--') return plain(options, argv[at + 1]);
    if (!/^[-+]./.test(argument)) return plain(options, argument);
    const step = argument.startsWith('--') ? readLong(options, argument) : readCluster(options, argument, argv[at + 1]);
    if ('program' in step) return step.program;
    at += step.skip;
  }
  return {};
}

const javaValued =
  /^(?:-cp|-classpath|--class-path|-p|--module-path|--add-modules|--add-opens|--add-exports|--upgrade-module-path)$/;

/** `java -jar app.jar`, or the main class; `-m module/class` keeps the part that names the program. */
function readJava(argv: readonly string[]): Program {
  for (let at = 1; at < argv.length; at += 1) {
    const argument = argv[at] ?? '';
    if (/^(?:-jar|-m|--module)$/.test(argument)) return scriptOf(argv[at + 1]);
    if (javaValued.test(argument)) at += 1;
    else if (!argument.startsWith('-') && !argument.startsWith('@')) return scriptOf(argument);
  }
  return {};
}

/** `name` is the base name under which the interpreter ran; an empty program for everything that is none. */
export function interpretedProgram(name: string, argv: readonly string[]): Program {
  if (name === 'java') return readJava(argv);
  const family = families.find(([pattern]) => pattern.test(name) || pattern.test(name.replace(version, '')));
  return family === undefined ? {} : readArguments(family[1], argv);
}
