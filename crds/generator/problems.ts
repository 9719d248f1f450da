import type { Node } from 'ts-morph';

/** Everything that cannot be generated, collected so that one run shows all of it. */
export class Problems {
  readonly #lines: string[] = [];

  /** Notes that `node` cannot become part of the schema at `path`, and why. */
  add(node: Node, path: string, message: string): void {
    const source = node.getSourceFile();
    const line = source.getLineAndColumnAtPos(node.getStart()).line;
    const file = source.getFilePath().replace(/^.*\/(?=crds\/)/, '');
    this.#lines.push(`${file}:${line}: ${path}: ${message}`);
  }

  /** `file:line: field: message`, in the order of the sources. */
  get lines(): readonly string[] {
    return this.#lines;
  }
}
