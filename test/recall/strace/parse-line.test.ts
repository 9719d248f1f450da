import { describe, expect, test } from 'vitest';
import { membersOf, noteOf, parseLine, splitList, stringOf } from './parse-line.ts';

const call = (text: string) => parseLine(`1795254449.5 ${text}`);

describe('parseLine', () => {
  test.each([
    ['openat(AT_FDCWD</scratch>, "/x", O_RDONLY) = 3</etc/x>', 3, '/etc/x'],
    ['openat(AT_FDCWD</a,b(c]>, "d\\", e)", O_RDWR|O_CREAT, 0777) = 4</tmp/\\74\\76->(deleted)', 4, '/tmp/\\74\\76-'],
    ['openat(5</w>, "/dev/null", O_RDONLY)    = 6</dev/null<char 1:3>>', 6, '/dev/null<char 1:3>'],
    [
      'accept(3<TCP:[0.0.0.0:80]>, NULL, NULL) = 4<TCP:[10.0.0.1:80->10.0.0.2:99]>',
      4,
      'TCP:[10.0.0.1:80->10.0.0.2:99]',
    ],
    ['openat(AT_FDCWD</>, "x", O_RDONLY) = -1 EACCES (Permission denied)', -1, 'EACCES'],
    ['vfork()               = 18680', 18_680, ''],
    ['exit_group(0)           = ?', undefined, ''],
  ])('%s', (text, result, note) => {
    expect(call(text)).toMatchObject({ at: 1_795_254_449.5, result, note });
  });

  test('splits arguments at top level only', () => {
    expect(call('connect(3<TCP:[1]>, {sa_family=AF_INET, sin_port=htons(9)}, 16) = 0')?.args).toEqual([
      '3<TCP:[1]>',
      '{sa_family=AF_INET, sin_port=htons(9)}',
      '16',
    ]);
  });

  test('leaves out signals and exits, and refuses what it does not know', () => {
    expect(call('--- SIGCHLD {si_signo=SIGCHLD} ---')).toBeUndefined();
    expect(call('+++ exited with 0 +++')).toBeUndefined();
    expect(call('???( <unfinished ...>')).toBeUndefined();
    expect(() => call('<... execve resumed>) = 0')).toThrow('not understood');
  });
});

test('strings, notes, members', () => {
  expect(stringOf('"\\303\\244\\n\\"\\0"')).toEqual(Buffer.from('ä\n"\0'));
  expect(stringOf('NULL')).toBeUndefined();
  expect(stringOf('"cut"...')).toBeUndefined();
  expect(noteOf('AT_FDCWD</scratch>')).toBe('/scratch');
  expect(noteOf('3')).toBe('');
  expect(membersOf('{msg_iov=[{iov_base="a,b", iov_len=3}], msg_flags=0}').get('msg_iov')).toBe(
    '[{iov_base="a,b", iov_len=3}]',
  );
  expect(splitList('')).toEqual([]);
});
