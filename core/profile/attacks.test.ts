/** What somebody does in a container is to be seen in its profile, whatever names are usual there. */
import { describe, expect, it } from 'vitest';
import { publish } from './publish.ts';
import { type Activity, learned, names, numbers, pythonNames, shown } from './testing-programs.ts';

describe('an attack stays visible', () => {
  const usual: Activity = {
    paths: [
      ...names('base62', 10, 60).map((name) => `/tmp/tmp.${name}`),
      ...names('python', 8, 400).map((name) => `/var/tmp/${name}`),
      ...pythonNames.map((name) => `/srv/spool/${name}`),
      ...names('base62', 10, 60).map((name) => `/var/spool/perl/${name}`),
      ...names('hex', 8, 60).map((name) => `/var/www/html/uploads/${name}.jpg`),
      ...names('base36', 8, 60).map((name) => `/var/cache/app/${name}.tmp`),
      ...numbers(1, 9).map((user) => `/home/user${user}/notes.txt`),
    ],
    names: names('base36', 12, 40).map((label) => `${label}.cdn.example.com`),
  };

  it('has patterns around it', () => {
    expect(shown(usual)).toEqual([
      '/home/user{digits}/notes.txt',
      '/srv/spool/tmp{random8}',
      '/tmp/tmp.{mixed10}',
      '/var/cache/app/{mixed8}.tmp',
      '/var/spool/perl/{mixed10}',
      '/var/tmp/{any}',
      '/var/www/html/uploads/{mixed8}.jpg',
      '{mixed12}.cdn.example.com',
    ]);
  });

  it.each<[string, Activity, string]>([
    ['a shell in a web root', { paths: ['/var/www/html/uploads/a1b2c3d4.php'] }, '/var/www/html/uploads/a1b2c3d4.php'],
    [
      'many of them',
      { paths: names('hex', 8, 99).map((name) => `/var/www/html/uploads/${name}.php`) },
      `/var/www/html/uploads/${names('hex', 8, 1)[0]}.php`,
    ],
    ['a key that is read', { paths: ['/home/user7/.ssh/id_ed25519'] }, '/home/user7/.ssh/id_ed25519'],
    ['a token that is read', { paths: ['/run/secrets/tokens/vault7'] }, '/run/secrets/tokens/vault7'],
    ['a library in a cache', { paths: ['/var/cache/app/a1b2c3d4.so'] }, '/var/cache/app/a1b2c3d4.so'],
    ['a script among temporary files', { paths: ['/var/tmp/x1.sh'] }, '/var/tmp/x1.sh'],
    ['a library among those of Python', { paths: ['/srv/spool/tmp1tz1u9ha.so'] }, '/srv/spool/tmp1tz1u9ha.so'],
    ['a miner among those of Perl', { paths: ['/var/spool/perl/kdevtmpfsi'] }, '/var/spool/perl/kdevtmpfsi'],
    ['a miner among them', { paths: ['/srv/spool/tmpxmrig'] }, '/srv/spool/tmpxmrig'],
    ['a hidden file among them', { paths: ['/var/tmp/.x1'] }, '/var/tmp/.x1'],
    ['a look-alike domain', { names: ['a1b2c3d4e5f6.cdn.examp1e.com'] }, 'a1b2c3d4e5f6.cdn.examp1e.com'],
    ['a look-alike below a public suffix', { names: ['example.com.evil7.co.uk'] }, 'example.com.evil7.co.uk'],
    [
      'a file that is called like a pattern',
      { paths: ['/var/cache/app/{mixed8}.tmp'] },
      '/var/cache/app/\\x7bmixed8}.tmp',
    ],
  ])('as %s', (_, attack, visible) => {
    expect(shown(usual)).not.toContain(visible);
    expect(shown(usual, attack)).toContain(visible);
  });

  it.each(['/tmp/tmp.Xa3kQ9fT2b', '/srv/spool/tmpab12cd_x', '/var/tmp/ab_c1d2e', '/etc/sedQ3xZ1a'])(
    'as a new program under a name that is usual for files: %s',
    (executable) => {
      const { processes } = publish(learned(usual, { executables: [executable] }), { lostPeriods: 0 }).behavior;
      expect(processes.map((process) => process.executable)).toContain(executable);
    },
  );

  it.each([
    ['/var/spool/cron/crontabs/u', ''],
    ['/home/app/.config/autostart/u', '.desktop'],
    ['/home/user', '/.bash_history'],
    ['/home/user', '/.config/token.json'],
    ['/app/keys/', '.p8'],
    ['/app/vault', '.kdbx'],
    ['/app/plugins/p', '.so'],
    ['/app/plugins/p', '.so.6'],
    ['/opt/bin/tool', ''],
    ['/app/uploads/shell', '.php'],
    ['/srv/wwwroot/s', '.aspx'],
    ['/srv/public/s', '.php'],
    ['/srv/public_html/s', '.php'],
    ['/opt/tomcat/deployments/x', '.war'],
  ])('as each of many that are numbered: %s7%s', (before, after) => {
    const paths = numbers(1, 9).map((number) => `${before}${number}${after}`);
    expect(shown({ ...usual, paths })).toEqual(expect.arrayContaining(paths));
  });

  it('as no library that a program unpacks anew at each start', () => {
    const paths = numbers(1, 9).map((number) => `/tmp/libnetty_transport_native_epoll_x86_64${number}77.so`);
    expect(shown({ paths, names: [] })).toEqual(['/tmp/libnetty_transport_native_epoll_x86_{digits}.so']);
  });

  it('as something that is done with usual files for the first time', () => {
    const attack: Activity = { paths: ['/tmp/tmp.Xa3kQ9fT2b'], access: 'attributes' };
    const { files } = publish(learned(usual, attack), { lostPeriods: 0 }).behavior;
    expect(files.filter(({ path }) => path === '/tmp/tmp.{mixed10}').map(({ access }) => access)).toEqual([
      ['attributes'],
      ['read'],
    ]);
  });
});
