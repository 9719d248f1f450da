/** Names that are too long, too deep or no text, and names that change while they are being opened. */
import { copyFileSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { compile, suffer } from './hostile-container.ts';
import { test } from './kernel-test.ts';
import { eventsOf, PYTHON } from './observed-cgroup.ts';

const MiB = 1 << 20;

describe('a path', () => {
  test('of 80 components with 255 bytes each: the leaf end, marked and counted, also for a program', async ({
    kernel,
  }) => {
    const before = kernel.capture.lossesOf(kernel.cgroup.id).truncated;
    const script = `
import os, shutil, sys
os.chdir(sys.argv[1])
for depth in range(80):
    name = f'{depth:03}' + 'n' * 252
    os.mkdir(name)
    os.chdir(name)
os.close(os.open('leaf', os.O_CREAT | os.O_WRONLY))
shutil.copy('/bin/true', 'program')
os.execv('./program', ['program'])`;
    const { events, snapshot } = await suffer(kernel, MiB, ...PYTHON, script, kernel.folder);
    const shown = /^…(?:\/\d{3}n{252}){10,15}\/079n{252}\/(?:leaf|program)$/;
    const leaf = eventsOf(events, 'open').find((event) => event.file.path.endsWith('/leaf'));
    const program = eventsOf(events, 'exec').at(-1);
    for (const file of [leaf?.file, program?.file]) {
      expect(file?.truncated).toBe(true);
      expect(file?.path).toMatch(shown);
      expect(Buffer.byteLength(file?.path ?? '')).toBeLessThanOrEqual(4096 + '…'.length);
    }
    // The copy was opened for writing too.
    expect(kernel.capture.lossesOf(kernel.cgroup.id).truncated - before).toBeGreaterThanOrEqual(3);
    expect(snapshot.processes.at(-1)?.executable).toMatch(/^…\//);
    expect(snapshot.files).toContainEqual(expect.objectContaining({ path: leaf?.file.path }));
  });

  test('of 4,095 bytes that is refused: the front of what was asked for, marked and counted', async ({ kernel }) => {
    const before = kernel.capture.lossesOf(kernel.cgroup.id).truncated;
    const script = `
import os
os.setresuid(65534, 65534, 65534)
try: os.open('/root' + '/.' * 2040 + '/secret', os.O_RDONLY)
except PermissionError: pass`;
    const { events, status } = await suffer(kernel, MiB, ...PYTHON, script);
    expect(status).toBe(0);
    const refused = eventsOf(events, 'open').find((event) => event.retval === -13);
    expect(refused?.file.truncated).toBe(true);
    expect(kernel.capture.lossesOf(kernel.cgroup.id).truncated).toBe(before + 1);
    expect(refused?.syscall?.path).toBe(`/root${'/.'.repeat(509)}`);
    expect(refused?.file.path).toBe('/root…');
  });

  test('with every byte that a name may have stays on one line and tells the bytes apart', async ({ kernel }) => {
    const folder = join(kernel.folder, 'bytes');
    mkdirSync(folder);
    const script = `
import os, sys
for byte in range(1, 256):
    if byte != 0x2f: os.close(os.open(os.fsencode(sys.argv[1]) + b'/<' + bytes([byte]) + b'>', os.O_CREAT | os.O_WRONLY))`;
    const { events, snapshot } = await suffer(kernel, MiB, ...PYTHON, script, folder);
    const paths = eventsOf(events, 'open').flatMap(({ file }) =>
      file.path.startsWith(`${folder}/<`) ? [file.path] : [],
    );
    expect(new Set(paths).size).toBe(254);
    expect(paths.every((path) => /^[\x20-\x7e]+$/.test(path))).toBe(true);
    // The file names on disk are read back from what is shown.
    const shown = readdirSync(folder, { encoding: 'buffer' }).length;
    expect(snapshot.files.filter(({ path }) => path.startsWith(`${folder}/<`))).toHaveLength(shown);
  });
});

describe('a folder that has been removed', () => {
  test('is still named where a process stays in it, as deleted', async ({ kernel }) => {
    const folder = join(kernel.folder, 'gone/inner');
    const script = `
import os, sys
os.makedirs(sys.argv[1]); os.chdir(sys.argv[1]); os.rmdir(sys.argv[1]); os.rmdir(os.path.dirname(sys.argv[1]))
os.open('.', os.O_RDONLY)
try: os.open('new', os.O_CREAT | os.O_WRONLY)
except FileNotFoundError: pass
os.execv('/bin/true', ['true'])`;
    const { events, status } = await suffer(kernel, MiB, ...PYTHON, script, folder);
    expect(status).toBe(0);
    const opened = eventsOf(events, 'open').filter((event) => event.file.path.includes('/gone'));
    expect(opened.map(({ file, retval }) => [file.path, file.deleted, retval])).toEqual([[folder, true, 0]]);
    expect(eventsOf(events, 'exec').at(-1)?.file).toMatchObject({ path: '/usr/bin/true', deleted: false });
  });
});

/** Opens the path `argv[1]` until that was `argv[2]` different files; prints the inode of each. */
const OPENER = `
static unsigned long seen[100];
int main(int argc, char **argv) {
  int distinct = 0, wanted = atoi(argv[2]);
  while (distinct < wanted) {
    struct stat status;
    int fd = open(argv[1], O_RDONLY), at = 0;
    if (fd < 0) continue;
    if (fstat(fd, &status)) return 1;
    close(fd);
    while (at < distinct && seen[at] != status.st_ino) at++;
    if (at == distinct) printf("%lu\\n", seen[distinct++] = status.st_ino);
  }
  return 0;
}`;

/** Runs `argv[2...]` while it calls `step` with a counter. */
const whileRunning = (step: string): string => `
static char *folder;
static char *in(const char *name) {
  static char names[8][4096];
  static int next;
  char *at = names[next++ % 8];
  snprintf(at, 4096, "%s/%s", folder, name);
  return at;
}
static void step(int turn) { ${step} }
int main(int argc, char **argv) {
  int status, turn = 0;
  folder = argv[1];
  pid_t child = fork();
  if (child == 0) execv(argv[2], argv + 2);
  while (waitpid(child, &status, WNOHANG) == 0) step(turn++);
  return WEXITSTATUS(status);
}`;

describe('names that change while they are used', () => {
  test('a link that is switched to and fro: the path shown is that of the file opened', async ({ kernel }) => {
    const folder = join(kernel.folder, 'race');
    mkdirSync(folder);
    for (let index = 0; index < 500; index++) writeFileSync(join(folder, `target${index}`), '');
    symlinkSync('target0', join(folder, 'link'));
    const opener = compile(kernel.folder, 'opener', OPENER);
    const switcher = compile(
      kernel.folder,
      'switcher',
      whileRunning(`
        char target[32];
        snprintf(target, sizeof(target), "target%d", turn % 500);
        if (symlink(target, in("next")) || rename(in("next"), in("link"))) exit(1);`),
    );
    const run = await suffer(kernel, MiB, switcher, folder, opener, join(folder, 'link'), '100');
    expect(run.status).toBe(0);
    const opened = run.stdout.trim().split('\n').map(Number);
    const events = eventsOf(run.events, 'open').filter((event) => event.file.path.startsWith(`${folder}/target`));
    for (const { file } of events) expect([file.path, file.facts?.inode]).toEqual([file.path, statSync(file.path).ino]);
    expect(opened.length).toBe(100);
    expect(new Set(events.map(({ file }) => file.facts?.inode))).toEqual(new Set(opened));
  });

  test('a program whose name is switched: the path shown is that of the program that runs', async ({ kernel }) => {
    const folder = join(kernel.folder, 'programs');
    mkdirSync(folder);
    const program = compile(
      folder,
      'one',
      `int main(void) { struct stat own; return stat("/proc/self/exe", &own) || printf("%lu\\n", own.st_ino) < 0; }`,
    );
    copyFileSync(program, join(folder, 'two'));
    symlinkSync('one', join(folder, 'link'));
    const runner = compile(
      kernel.folder,
      'runner',
      `
int main(int argc, char **argv) {
  for (int round = 0; round < 300; round++) {
    if (fork() == 0) execl(argv[1], "program", NULL);
    wait(NULL);
  }
  return 0;
}`,
    );
    const switcher = compile(
      kernel.folder,
      'program-switcher',
      whileRunning(`
        if (symlink(turn % 2 ? "one" : "two", in("next")) || rename(in("next"), in("link"))) exit(1);`),
    );
    const run = await suffer(kernel, MiB, switcher, folder, runner, join(folder, 'link'));
    const executed = eventsOf(run.events, 'exec').filter(({ argv }) => argv[0] === 'program');
    const inodes = new Map(['one', 'two'].map((name) => [join(folder, name), statSync(join(folder, name)).ino]));
    for (const { file } of executed) expect([file.path, file.inode]).toEqual([file.path, inodes.get(file.path)]);
    expect(executed.map(({ file }) => file.inode)).toEqual(run.stdout.trim().split('\n').map(Number));
  });

  test('parents that are renamed: one of the names that they had, whole', async ({ kernel }) => {
    const folder = join(kernel.folder, 'parents');
    const names = ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb'] as const;
    mkdirSync(join(folder, names[0], 'inner'), { recursive: true });
    for (let index = 0; index < 2000; index++) writeFileSync(join(folder, names[0], `inner/file${index}`), '');
    const walker = compile(
      kernel.folder,
      'walker',
      `
int main(int argc, char **argv) {
  char path[4096];
  while (chdir(argv[1]));
  for (int index = 0; index < 2000; index++) {
    snprintf(path, sizeof(path), "file%d", index);
    int fd = open(path, O_RDONLY);
    if (fd < 0) return 1;
    close(fd);
  }
  return 0;
}`,
    );
    const renamer = compile(
      kernel.folder,
      'renamer',
      whileRunning(
        `if (rename(in("${names[0]}"), in("${names[1]}")) || rename(in("${names[1]}"), in("${names[0]}"))) exit(1);`,
      ),
    );
    const run = await suffer(kernel, MiB, renamer, folder, walker, join(folder, names[0], 'inner'));
    expect(run.status).toBe(0);
    const files = eventsOf(run.events, 'open').flatMap(({ file }) => (/\/file\d/.test(file.path) ? [file] : []));
    expect(new Set(files.map(({ path }) => path.slice(path.lastIndexOf('/')))).size).toBe(2000);
    // A renamer that loses its processor halfway leaves no name to read, for as long as it has none: then the path is cut there,
    // and says so.
    const whole = files.filter(({ truncated }) => !truncated);
    expect(whole.length).toBeGreaterThan(0);
    const strange = whole.filter(({ path }) => !names.some((name) => path.startsWith(`${folder}/${name}/inner/file`)));
    expect(strange).toEqual([]);
  });
});
