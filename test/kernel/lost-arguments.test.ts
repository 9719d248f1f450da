/**
 * What was gone when the programs looked is a loss of the container that did it. Otherwise a race of its threads, here a filter
 * of system calls stages it: it answers for the kernel that a call was successful which never happened.
 */
import { describe, expect } from 'vitest';
import { type Kernel, test } from './kernel-test.ts';

/** `pretend(number)` lets that call return 0 from now on. */
const PRELUDE = `
import ctypes, os, socket, struct
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    return libc.syscall(ctypes.c_long(number), *[ctypes.c_long(each) for each in arguments])
def pretend(number):
    code = b''.join(struct.pack('HBBI', *each) for each in [
        (0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050000), (0x06, 0, 0, 0x7fff0000)])
    held = ctypes.create_string_buffer(code)
    program = struct.pack('HxxxxxxQ', 4, ctypes.addressof(held))
    assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program) == 0
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
`;

async function truncatedBy({ capture, cgroup }: Kernel, script: string): Promise<number> {
  const before = capture.lossesOf(cgroup.id).truncated;
  const { status, stderr } = await cgroup.python(PRELUDE + script);
  if (status !== 0) throw new Error(`the script failed: ${stderr}`);
  return capture.lossesOf(cgroup.id).truncated - before;
}

describe.skipIf(process.arch !== 'x64')('counted at the container (the numbers are those of x86)', () => {
  test('an open whose descriptor is closed already', async ({ kernel }) => {
    const OPEN = "pretend(257)\nassert os.open('/etc/hostname', os.O_PATH) == 0\n";
    expect(await truncatedBy(kernel, OPEN)).toBe(0);
    expect(await truncatedBy(kernel, `os.close(0)\n${OPEN}`)).toBe(1);
  });

  test('the peer of a message, and the whole of one', async ({ kernel }) => {
    expect(await truncatedBy(kernel, 'pretend(44)\nassert call(44, udp.fileno(), 0, 0, 0, 8, 16) == 0')).toBe(1);
    expect(await truncatedBy(kernel, 'pretend(46)\nassert call(46, udp.fileno(), 8, 0) == 0')).toBe(1);
  });

  test('not an address that the kernel could not read either', async ({ kernel }) => {
    const REFUSED = 'assert call(42, udp.fileno(), 8, 16) == -1 and call(49, udp.fileno(), 8, 16) == -1';
    expect(await truncatedBy(kernel, REFUSED)).toBe(0);
  });
});
