import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reducePath } from '../activity/reduce-path.ts';
import { quoteBraces } from './literal.ts';
import { isMakersOwn } from './maker.ts';
import { extensionOf } from './extension.ts';
import { isPathPattern, matchesPath, pathSignature } from './path.ts';
import { shapeOf } from './shape.ts';
import { signatureOf } from './signature.ts';
import { covers, isPattern, matchesTemplate, parseTemplate, printTemplate } from './template.ts';
import { someName, someTemplate } from './testing.ts';

const piece = fc.oneof(
  fc.constantFrom(
    '-',
    '.',
    '_',
    'a',
    'word',
    'A7',
    '7',
    '42',
    'cpu12',
    'x9z',
    'ä',
    '\\x41',
    '{uuid}',
    '+',
    'php',
    'log',
    '+~JF',
    'tmp',
    'tmp1tz1u9ha',
    'tmpab_cdefg',
    'php',
    'ccAb3dE9',
    '{random8}',
  ),
  fc.constantFrom('{', '}', '{digits}', '{mixed3}', '{any}', 'tmp{digits}', '{mixed0}', '{mixed03}', '{any}.log'),
  fc.string({ maxLength: 4 }).map((text) => text.replaceAll('/', '')),
);
/** As a container may call it, and `reducePath` leaves it. */
const name = fc
  .array(piece, { minLength: 1, maxLength: 6 })
  .map((pieces) => quoteBraces(pieces.join('')))
  .filter((text) => text !== '.' && text !== '..');
const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => `/${names.join('/')}`);
/** Also those that no signature yields. */
const template = fc.oneof(
  fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')),
  name.map(signatureOf),
);

describe('signature of a name', () => {
  it.each([
    ['2619', '{digits}'],
    ['2619_fsm', '{digits}_fsm'],
    ['access-7.log', 'access-{digits}.log'],
    ['error.log.1', 'error.log.{digits}'],
    ['error.log.12.gz', 'error.log.{digits}.gz'],
    ['sess-4f2ab', 'sess-{mixed5}'],
    ['tmp.Xa3kQ9', 'tmp.{mixed6}'],
    ['cpu12', 'cpu{digits}'],
    ['tmp1tz1u9ha', 'tmp{random8}'],
    ['tmp62_qw223', 'tmp{random8}'],
    ['tmp30vwxo9g.json', 'tmp{random8}.json'],
    ['wgunicorn-3kd5xt5_', 'wgunicorn-{random8}'],
    ['pip-install-gh6mx_2s', 'pip-install-{random8}'],
    ['cc51XJqf.s', 'cc{random6}.s'],
    ['sort00wc4i', 'sort{random6}'],
    ['tmpA1b2C3.tmp', 'tmp{random6}.tmp'],
    ['.tmpA1b2C3', '.tmp{random6}'],
    ['.tmpfiles1', '.tmpfiles{digits}'],
    ['tmpA1b2C3.log', '{mixed9}.log'],
    ['tmpfiles8', 'tmpfiles{digits}'],
    ['tmpwatcher1', 'tmpwatcher{digits}'],
    ['tmpwatchers', 'tmpwatchers'],
    ['tmp1tz1u9ha2', '{mixed12}'],
    ['xtmp1tz1u9ha', '{mixed12}'],
    ['tmp-1tz1u9ha', 'tmp-{mixed8}'],
    ['phpinfo7', 'phpinfo{digits}'],
    ['phpReport1', 'phpReport{digits}'],
    ['sedUnits1', 'sedUnits{digits}'],
    ['sedSxNtl9', 'sed{random6}'],
    ['+~JF4225058428853672861.tmp', '+~JF{digits}.tmp'],
    ['a1', '{mixed2}'],
    ['pgsql_tmp123.0', 'pgsql_tmp{digits}.{digits}'],
    ['jna4711.tmp', 'jna{digits}.tmp'],
    ['a1b2.php', '{mixed4}.php'],
    ['song7.mp3', 'song{digits}.mp3'],
    ['libx.so.6', 'libx.so.{digits}'],
    ['.hidden1', '.hidden{digits}'],
    ['app-{date}.log', 'app-{date}.log'],
    ['passwords', 'passwords'],
    ['x\\xe21', 'x\\xe21'],
  ])('%s', (text, signature) => expect(signatureOf(text)).toBe(signature));

  it('is its own signature, keeps the extension and stands for the name', () => {
    fc.assert(
      fc.property(name, (text) => {
        const signature = signatureOf(text);
        expect(signatureOf(signature)).toBe(signature);
        expect(extensionOf(signature)).toBe(extensionOf(text));
        const shape = shapeOf(signature);
        expect(shapeOf(shape)).toBe(shape);
        expect(signatureOf(shape)).toBe(shape);
        expect(extensionOf(shape)).toBe(extensionOf(text));
        expect(matchesTemplate(shape, text)).toBe(true);
        expect(matchesTemplate(signature, text)).toBe(true);
        expect(isPattern(signature)).toBe(signature !== text);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a name that tells who made it', () => {
  it.each([
    'tmp62_qw223',
    'tmp30vwxo9g.json',
    'wgunicorn-3kd5xt5_',
    'pip-install-gh6mx_2s',
    'tmp.Xa3kQ9fT2b',
    '.tmpA1b2C3',
    'PostgreSQL.1027192894',
    'pg_internal.init.33',
    'xlogtemp.18',
    'pgsql_tmp123.0',
    '1247_vm',
    'temp-12.rdb',
    'temp-rewriteaof-bg-12.aof',
    '.java_pid12',
    'hs_err_pid12.log',
  ])('%s', (text) => {
    const signature = signatureOf(text);
    expect(isMakersOwn(signature)).toBe(true);
    expect(signatureOf(signature)).toBe(signature);
    expect(isMakersOwn(text)).toBe(false);
  });

  it.each([
    'tmpwatcher1',
    'tmpfiles8',
    'tmp-1tz1u9ha',
    'tmp.backup2024',
    'a1b2c3d4',
    '12',
    'cc51XJqf.s',
    'tmp1tz1u9ha.so',
    'tmp1tz1u9ha.sh',
    'temp-12.sh',
    'evil-PostgreSQL.12',
    'PostgreSQL.12.so',
    '1247_vm.so',
  ])('%s does not', (text) => expect(isMakersOwn(signatureOf(text))).toBe(false));
});

describe('templates', () => {
  it.each([
    ['{digits}', '123', true],
    ['{digits}', 'abc', false],
    ['{digits}', '12a', false],
    ['cpu{digits}', 'cpu7', true],
    ['cpu{digits}', 'gpu7', false],
    ['tmp.{mixed6}', 'tmp.Xa3kQ9', true],
    // One of 50 such names has no digit; the length says that it is one of them.
    ['tmp.{mixed6}', 'tmp.XaTkQy', true],
    ['tmp.{mixed6}', 'tmp.xmrig', false],
    ['{mixed10}', 'Xa3kQ9fT2b', true],
    ['{mixed10}', 'XaTkQyBcDe', true],
    ['{mixed8}', 'deadbeef', true],
    ['{mixed10}', 'kdevtmpfsi', false],
    ['{mixed8}', 'kthreadd', false],
    ['.{mixed8}', '.kthreadd', false],
    ['.{mixed8}', '.kthread7', true],
    ['{mixed8}.tmp', 'abcdefgh.tmp', true],
    ['{mixed8}.jpg', 'a1b2c3d4.php', false],
    ['{any}', 'tmpab_c3d9', true],
    ['{any}.tmp', '+~JF12.tmp', false],
    ['{any}', 'tmp{random8}', true],
    ['{any}', '+~JF{digits}', false],
    ['tmp{random8}', 'tmpejghlxbz', true],
    ['tmp{random8}', 'tmpwatcher1', true],
    ['tmp{random8}', 'tmpwatcher', false],
    ['tmp{random8}', 'tmp1tz1u9ha.sh', false],
    ['tmp{random8}', 'tmp1tz1u9hA', false],
    ['{random8}', 't46xdahm', true],
    ['{random8}', 'kthreadd', false],
    ['{random8}', 'xmrig_64', false],
    ['{any}', '{random8}', true],
    ['tmp{any8}', 'tmp{random8}', true],
    ['tmp{any8}', 'tmpejghlxbz', true],
    ['tmp{random8}', 'tmp{any8}', false],
    ['{any}', '.env', false],
    ['{any}', 'shell.php', false],
    ['{any}.tmp', 'a-b_c.d.tmp', true],
    ['{any}.tmp', 'a.so', false],
    ['{any}.tmp', 'upload-{any8}.tmp', true],
    ['upload-{any8}.part', 'upload-a_b1cd2e.part', true],
    ['upload-{any8}.part', 'upload-abcdefgh.part', true],
    ['upload-{any8}.part', 'upload-{mixed3}_{mixed4}.part', true],
    ['upload-{any8}.part', 'upload-abcdefg.part', false],
    ['upload-{any8}.part', 'upload-abc-efgh.part', false],
    ['upload-{any8}.part', 'upload-abcdefgh.so', false],
    ['upload-{any8}.part', 'other-abcdefgh.part', false],
    ['upload-{numbered}.part', 'upload-abcd_42.part', true],
    ['upload-{numbered}.part', 'upload-abcd_ef.part', false],
    ['upload-{numbered}.part', 'upload-42.part', false],
  ])('%s and %s: %s', (pattern, text, matches) => expect(matchesTemplate(pattern, text)).toBe(matches));

  it('are printed as they are read', () => {
    fc.assert(
      fc.property(template, (text) => {
        expect(printTemplate(parseTemplate(text))).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  it('cover what they stand for, and nothing that is no pattern but themselves', () => {
    fc.assert(
      fc.property(template, name, name, (wide, text, other) => {
        expect(!covers(parseTemplate(wide), signatureOf(text)) || matchesTemplate(wide, text)).toBe(true);
        expect(matchesTemplate(text, other)).toBe(text === other);
      }),
      { numRuns: 2_000 },
    );
  });

  it('cover transitively', () => {
    fc.assert(
      fc.property(someTemplate, someTemplate, someName, (a, b, text) => {
        const both = covers(parseTemplate(a), b) && matchesTemplate(b, text);
        expect(!both || matchesTemplate(a, text)).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('a name with braces', () => {
  it('is never a pattern', () => {
    fc.assert(
      fc.property(path, (text) => {
        const reduced = reducePath(text);
        expect(isPathPattern(reduced)).toBe(false);
        expect(quoteBraces(reduced)).toBe(reduced);
      }),
      { numRuns: 2_000 },
    );
    expect(reducePath('/srv/{digits}')).toBe('/srv/\\x7bdigits}');
    expect(reducePath('/etc/{any}')).toBe('/etc/\\x7bany}');
    expect(reducePath('/srv/{uuid}')).toBe('/srv/{uuid}');
  });
});

describe('signature of a path', () => {
  it.each([
    ['/var/lib/postgresql/data/base/16384/2619', '/var/lib/postgresql/data/base/{digits}/{digits}'],
    ['/tmp1/x', '/tmp1/x'],
    ['/usr/local/tomcat/logs/catalina.1.log', '/usr/local/tomcat/logs/catalina.{digits}.log'],
    ['/dev/shm/PostgreSQL.4711', '/dev/shm/PostgreSQL.{digits}'],
  ])('%s', (text, signature) => expect(pathSignature(text)).toBe(signature));

  it.each([
    '/etc/cron.d/job7',
    '/usr/lib/x86_64-linux-gnu/libc.so.6',
    '/usr/local/bin/tool7',
    '/boot/vmlinuz-6.1',
    '/dev/sda1',
    '/root/.ssh/key7',
    '/home/u1/.aws/credentials',
    '/var/lib/app1/tls/server2.key',
    '/run/secrets/kubernetes.io/serviceaccount/..{time}/token1',
    '/var/www/html/uploads/7/a1.php',
    '/srv/webapps/1/shell2.jsp',
    '/srv/7/../../etc/passwd7',
    '/data/1/.env',
  ])('of %s is the path itself', (text) => {
    expect(pathSignature(text)).toBe(text);
    expect(matchesPath(text.replaceAll(/\d+/g, '{digits}'), text)).toBe(false);
  });

  it('is its own, and stays the same while elements become theirs', () => {
    fc.assert(
      fc.property(path, fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), (text, replaced) => {
        const signature = pathSignature(text);
        const wanted = signature.split('/');
        const between = text.split('/').map((element, index) => (replaced[index] ? (wanted[index] ?? '') : element));
        expect(pathSignature(between.join('/'))).toBe(signature);
        expect(matchesPath(signature, text)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
