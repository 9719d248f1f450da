/** Files that the processes of one node opened. */
import type { OpenEvent } from '../event/event.ts';
import { type Account, cost } from './account.ts';
import { reducePath } from './reduce-path.ts';
import { Sighting, type Circumstances } from './sighting.ts';
import { type Actor, fileAccesses, type FileAccess, type FileNode } from './snapshot.ts';

/** Flags of open(2) as they are on every architecture that is supported. */
const accessMode = 0o3;
const readOnly = 0o0;
const writeOnly = 0o1;
const truncateFlag = 0o1000;

const anonymous = '{anonymous}';

interface FileSighting {
  readonly sighting: Sighting;
  access: number;
}

const bit = (access: FileAccess): number => 1 << fileAccesses.indexOf(access);

/** A refused open shows only that it was tried: nothing was read or written. */
export function accessOf({ flags, created, retval }: Pick<OpenEvent, 'flags' | 'created' | 'retval'>): number {
  if (retval < 0) return bit('denied');
  const mode = flags & accessMode;
  const reads = mode !== writeOnly ? bit('read') : 0;
  const writes = mode !== readOnly || (flags & truncateFlag) !== 0 ? bit('write') : 0;
  return reads | writes | (created ? bit('create') : 0);
}

export class FileActivity {
  readonly #account: Account;
  readonly #byPath = new Map<string, FileSighting>();

  constructor(account: Account) {
    this.#account = account;
  }

  /** `path` as the event has it. */
  record(path: string, access: number, circumstances: Circumstances): void {
    const reduced = path === '' ? anonymous : reducePath(path);
    const known = this.#byPath.get(reduced);
    if (known !== undefined) {
      known.access |= access;
      known.sighting.again(circumstances);
    } else if (this.#account.take('files', fileBytes(reduced))) {
      this.#byPath.set(reduced, { sighting: new Sighting(circumstances), access });
    }
  }

  clear(): void {
    for (const path of this.#byPath.keys()) this.#account.give('files', fileBytes(path));
    this.#byPath.clear();
  }

  disown(actor: Actor): void {
    for (const { sighting } of this.#byPath.values()) sighting.disown(actor);
  }

  *render(process: number): Generator<FileNode> {
    for (const [path, { sighting, access }] of this.#byPath) {
      yield { ...sighting.toJSON(), process, path, access: fileAccesses.filter((name) => (access & bit(name)) !== 0) };
    }
  }
}

function fileBytes(path: string): number {
  return cost.file + path.length;
}
