/** Files that people hand over: JSON or YAML, plain or compressed with zstd, bounded before and after decompression. */
import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { isScalar, parseAllDocuments } from 'yaml';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';

const decompress = promisify(zstdDecompress);
const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
/** Four times the largest snapshot, and a hundred times a SecurityProfile object. */
const maxBytes = 32 * 1024 * 1024;

/** How errors call it. */
export function called(file: string): string {
  return file === '-' ? 'standard input' : file;
}

/** @throws Failure naming the file */
export async function readDocument(file: string, context: Context): Promise<unknown> {
  const text = await textOf(file, context);
  return looksLikeJson(text) ? parseJson(text, called(file)) : readYaml(file, text);
}

/** A value, a list of values, or a value on each line. @throws Failure naming the file */
export async function readList(file: string, context: Context): Promise<readonly unknown[]> {
  const text = await textOf(file, context);
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length > 1 && lines.every((line) => /^\{.*\}\s*$/.test(line))) {
    return lines.map((line, index) => parseJson(line, `line ${index + 1} of ${called(file)}`));
  }
  const document: unknown = looksLikeJson(text) ? parseJson(text, called(file)) : readYaml(file, text);
  return isList(document) ? document : [document];
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function looksLikeJson(text: string): boolean {
  return /^\s*[[{]/.test(text);
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Failure(`${name} is not JSON, or not all of it: ${messageOf(cause)}`, { cause });
  }
}

async function textOf(file: string, context: Context): Promise<string> {
  const bytes = await bytesOf(file, context);
  if (!isUtf8(bytes) || bytes.includes(0)) throw new Failure(`${called(file)} is no text, so neither JSON nor YAML`);
  const text = bytes.toString('utf8');
  if (text.trim() === '') throw new Failure(`${called(file)} is empty`);
  return text;
}

function readYaml(file: string, text: string): unknown {
  const documents = [...parseAllDocuments(text)].filter((one) => one.errors.length > 0 || !isNothing(one.contents));
  const [first] = documents;
  if (first === undefined) throw new Failure(`${called(file)} holds nothing`);
  const [problem] = first.errors;
  if (problem !== undefined) {
    // Behind the first line stands an excerpt of the file.
    const [reason = ''] = problem.message.split('\n');
    throw new Failure(`${called(file)} is neither JSON nor YAML: ${reason.replace(/:$/, '')}`);
  }
  if (documents.length > 1) {
    const hint = 'hand over one: save what stands between two lines of --- as a file of its own';
    throw new Failure(`${called(file)} holds ${documents.length} documents, and one is wanted`, { hint });
  }
  try {
    // Aliases of aliases can make a small file a huge value; no manifest needs them.
    return first.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    throw new Failure(`${called(file)} is no manifest: ${messageOf(cause)}`, { cause });
  }
}

/** As behind a last line of `---`. */
function isNothing(contents: unknown): boolean {
  return contents === null || (isScalar(contents) && contents.value === null);
}

async function bytesOf(file: string, context: Context): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await context.read(file);
  } catch (cause) {
    throw new Failure(`cannot read ${called(file)}: ${readProblem(cause)}`, { cause });
  }
  if (bytes.length > maxBytes) throw tooLarge(file);
  if (!bytes.subarray(0, zstdMagic.length).equals(zstdMagic)) return bytes;
  try {
    return await decompress(bytes, { maxOutputLength: maxBytes });
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(file);
    throw new Failure(`${called(file)} is not whole: ${messageOf(cause)}`, { cause });
  }
}

function tooLarge(file: string): Failure {
  return new Failure(`${called(file)} is larger than ${maxBytes / 1024 / 1024} MiB`);
}

function readProblem(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a directory';
  return code === 'EACCES' ? 'you may not read it' : messageOf(error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
