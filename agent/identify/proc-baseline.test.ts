import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { unescapeBytes } from '../../core/event/escape.ts';
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

  it('reads no more of a container that wants to be too large than it can keep, and counts the rest', async () => {
    const program = `
import os, sys
for _ in range(19):
    if os.fork() == 0: break
files = [os.open('/dev/null', os.O_RDONLY) for _ in range(1000)]
os.write(1, b'.')
os.read(0, 1)`;
    const long = Array<string>(15).fill('x'.repeat(131_000));
    const child = spawn('/usr/bin/python3', ['-IS', '-c', program, ...long], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    let ready = 0;
    for await (const dots of child.stdout) if ((ready += String(dots).length) === 20) break;
    const pid = child.pid ?? 0;
    const forked = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
    const pids = [pid, ...forked];
    const held = pids.reduce((sum, each) => sum + readdirSync(`/proc/${each}/fd`).length, 0);
    const { processes, omitted } = readBaseline('/proc', pids);
    child.stdin.end();
    expect(processes).toHaveLength(20);
    const descriptors = processes.reduce((sum, { files }) => sum + files.length, 0);
    expect(descriptors).toBeLessThanOrEqual(16_384);
    // Standard streams are pipes, which are read and are no files.
    expect(descriptors).toBeGreaterThan(16_000);
    expect(omitted).toBe(held - 16_384);
    expect(processes.map(({ argv }) => unescapeBytes(argv.join('\0')).length)).toEqual(Array<number>(20).fill(4096));
  });

  it('names what was deleted as it was named, and what only looks deleted as it is', async () => {
    const directory = realpathSync(mkdtempSync(join(tmpdir(), 'wsp-baseline-')));
    const [gone, there] = [join(directory, 'gone'), join(directory, 'there (deleted)')];
    for (const program of [gone, there]) {
      copyFileSync('/bin/sleep', program);
      const child = spawn(program, ['60'], { stdio: ['ignore', openSync(`${program}.log`, 'a'), 'ignore'] });
      children.push(child);
      await once(child, 'spawn');
    }
    for (const name of [gone, `${gone}.log`, `${there}.log`]) rmSync(name);
    const { processes } = readBaseline(
      '/proc',
      children.map(({ pid }) => pid ?? 0),
    );
    expect(processes.map(({ executable }) => executable)).toEqual([gone, there]);
    const logs = processes.map(({ files }) => files.map(({ path }) => path).filter((path) => path.endsWith('.log')));
    expect(logs).toEqual([[`${gone}.log`], [`${there}.log`]]);
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
