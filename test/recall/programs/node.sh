#!/bin/sh
# A server, requests to itself, files, workers, programs.
set -eu
cat >main.mjs <<'JS'
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { appendFile, cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { createSocket } from 'node:dgram';
import { Worker } from 'node:worker_threads';

const server = createServer((request, response) => response.end(readFileSync('/etc/hostname'))).listen(3000, '127.0.0.1');
await once(server, 'listening');
await (await fetch('http://127.0.0.1:3000/')).text();
server.closeAllConnections();
server.close();
await fetch('http://127.0.0.1:3001/').catch(() => undefined);
const folder = await mkdtemp('/scratch/node-');
await Promise.all(Array.from({ length: 50 }, (_, index) => writeFile(`${folder}/${index}`, 'x')));
await appendFile(`${folder}/0`, 'y');
await rename(`${folder}/0`, `${folder}/renamed`);
await readFile(`${folder}/renamed`);
await cp(folder, '/scratch/copy', { recursive: true });
await rm(folder, { recursive: true });
execFileSync('/bin/sh', ['-c', 'cat /etc/os-release >/scratch/release']);
const worker = new Worker('require("node:fs").readFileSync("/etc/passwd")', { eval: true });
await once(worker, 'exit');
const socket = createSocket('udp4').bind(3002, '127.0.0.1');
await once(socket, 'listening');
socket.close();
JS
node main.mjs
