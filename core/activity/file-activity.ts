/** What the processes of one node did with files. */
import { type Account, cost } from './account.ts';
import { bit } from './file-access.ts';
import { reducePath } from './reduce-path.ts';
import { Sighting, type Circumstances } from './sighting.ts';
import { type Actor, fileAccesses, type FileNode } from './snapshot.ts';

const anonymous = '{anonymous}';

/** What a profile calls the file that an event has under `path`; it is empty for one without a name. */
export function canonicalPath(path: string): string {
  return path === '' ? anonymous : reducePath(path);
}

interface FileSighting {
  readonly sighting: Sighting;
  access: number;
}

export class FileActivity {
  readonly #account: Account;
  readonly #byPath = new Map<string, FileSighting>();

  constructor(account: Account) {
    this.#account = account;
  }

  /** `path` as the event has it. */
  record(path: string, access: number, circumstances: Circumstances): void {
    const reduced = canonicalPath(path);
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
