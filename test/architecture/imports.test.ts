/**
 * Who may import whom. The rules are data below; the test reads every import of every source file and names the file and
 * line that breaks one. A test of the rules themselves feeds it imports that must be refused.
 */
import { relative } from 'node:path';
import { Project, SyntaxKind } from 'ts-morph';
import { describe, expect, it } from 'vitest';
import { violation } from './import-rules.ts';

const root = new URL('../..', import.meta.url).pathname;

interface Import {
  readonly file: string;
  readonly line: number;
  readonly target: string;
}

function importsOf(project: Project): Import[] {
  return project.getSourceFiles().flatMap((source) => {
    const file = relative(root, source.getFilePath());
    const literals = source.getImportStringLiterals().map((literal) => ({ literal, text: literal.getLiteralText() }));
    const requires = source
      .getDescendantsOfKind(SyntaxKind.CallExpression)
      .filter((call) => call.getExpression().getText() === 'require')
      .flatMap((call) => call.getArguments().filter((argument) => argument.isKind(SyntaxKind.StringLiteral)))
      .map((literal) => ({ literal, text: literal.getLiteralText() }));
    return [...literals, ...requires].map(({ literal, text }) => ({
      file,
      line: literal.getStartLineNumber(),
      target: text.startsWith('.') ? relative(root, new URL(text, `file://${root}${file}`).pathname) : text,
    }));
  });
}

describe('imports', () => {
  const project = new Project({ compilerOptions: { allowJs: false }, skipFileDependencyResolution: true });
  project.addSourceFilesAtPaths(
    ['core', 'crds', 'operator', 'agent', 'hack', 'test'].map((f) => `${root}${f}/**/*.{ts,tsx}`),
  );
  const imports = importsOf(project);

  it('reads the sources', () => {
    expect(imports.length).toBeGreaterThan(10);
  });

  it('go only where the design lets them', () => {
    const broken = imports.flatMap(({ file, line, target }) => {
      const why = violation(file, target);
      return why === undefined ? [] : [`${file}:${line} imports ${target}: ${why}`];
    });
    expect(broken).toEqual([]);
  });
});

describe('the rules', () => {
  it.each([
    ['core/profile/merge.ts', 'node:crypto'],
    ['core/profile/merge.ts', 'operator/store/store.ts'],
    ['core/profile/merge.ts', 'express'],
    ['agent/main.ts', 'operator/kube/informer.ts'],
    ['agent/link/client.ts', '@kubernetes/client-node'],
    ['operator/ui/page.tsx', 'operator/store/store.ts'],
    ['operator/learning/ingest.ts', '@kubernetes/client-node'],
    ['operator/learning/ingest.ts', 'express'],
    ['operator/learning/ingest.ts', 'node:sqlite'],
    ['operator/main.ts', 'agent/main.ts'],
    ['crds/security-profile.ts', 'operator/settings.ts'],
    ['operator/main.ts', 'test/integration/api-server.ts'],
    ['agent/main.ts', 'hack/build.ts'],
    ['operator/main.ts', 'lodash'],
  ])('%s may not import %s', (file, target) => {
    expect(violation(file, target)).toBeTypeOf('string');
  });

  it.each([
    ['core/profile/merge.ts', '@noble/hashes/sha2.js'],
    ['core/profile/merge.test.ts', 'fast-check'],
    ['agent/main.ts', 'core/wire/agent.ts'],
    ['agent/kernel/libc.ts', 'koffi'],
    ['operator/kube/watch.ts', '@kubernetes/client-node'],
    ['operator/server/app.ts', 'express'],
    ['operator/store/sqlite/worker.ts', 'node:sqlite'],
    ['test/e2e/loop.test.ts', 'operator/kube/client.ts'],
  ])('%s may import %s', (file, target) => {
    expect(violation(file, target)).toBeUndefined();
  });
});
