import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { mountNamespaceOf, parentOf, readBaseline } from './proc-baseline.ts';
import { parseSockets } from './proc-net.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

describe('readBaseline', () => {
  it('reads a real process: program, arguments, open files, listening and bound sockets', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'wsp-baseline-'));
    const file = join(directory, 'data \u001b.txt');
    const program = `
      const { openSync } = require('node:fs');
      openSync(process.argv[1], 'a');
      const server = require('node:net').createServer().listen(0, '::1', () => {
        const udp = require('node:dgram').createSocket('udp4').bind(0, '127.0.0.1', () =>
          console.log(server.address().port + ' ' + udp.address().port));
      });`;
    const child = spawn(process.execPath, ['-e', program, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const [tcp, udp] = String((await once(child.stdout, 'data'))[0])
      .split(' ')
      .map(Number);

    const { processes, omitted } = readBaseline('/proc', [child.pid ?? 0, 2 ** 22 + 1]);
    expect(omitted).toBe(0);
    expect(processes).toHaveLength(1);
    expect(processes[0]).toMatchObject({ pid: child.pid, ppid: process.pid, executable: process.execPath });
    expect(processes[0]?.argv.slice(0, 2)).toEqual([process.execPath, '-e']);
    expect(processes[0]?.files).toContainEqual({ path: `${directory}/data \\x1b.txt`, flags: 0o2102001 & ~0o100 });
    expect(processes[0]?.sockets).toEqual(
      expect.arrayContaining([
        { protocol: 'tcp', local: { family: 'ipv6', ip: '::1', port: tcp } },
        { protocol: 'udp', local: { family: 'ipv4', ip: '127.0.0.1', port: udp } },
      ]),
    );
    expect(parentOf('/proc', child.pid ?? 0)).toBe(process.pid);
    rmSync(directory, { recursive: true });
  });

  it('knows the mount namespace by the inode that events carry', () => {
    expect(mountNamespaceOf('/proc', process.pid)).toBe(statSync('/proc/self/ns/mnt').ino);
  });
});

describe('parseSockets', () => {
  it('shows an IPv4 address inside of IPv6 as IPv4, and takes what listens only', () => {
    const heading = '  sl  local_address                         remote_address                        st ...\n';
    const row = (address: string, state: string) =>
      `   0: ${address}:1F90 00000000000000000000000000000000:0000 ${state} 00000000:00000000 00:00000000 00000000 0 0 4242 1\n`;
    const mapped = row('0000000000000000FFFF00000100007F', '0A');
    const any = row('00000000000000000000000000000000', '0A');
    const connected = row('00000000000000000000000001000000', '01');
    expect(parseSockets(heading + mapped + any + connected, 'tcp')).toEqual([
      { protocol: 'tcp', local: { family: 'ipv4', ip: '127.0.0.1', port: 8080 }, inode: '4242' },
      { protocol: 'tcp', local: { family: 'ipv6', ip: '::', port: 8080 }, inode: '4242' },
    ]);
  });
});
