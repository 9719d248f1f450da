/** `kubectl wsp`, started by bin/kubectl-wsp. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { openTunnel } from '../kube/tunnel.ts';
import { connectAsUser } from '../kube/user-client.ts';
import { processTerminal } from './process-terminal.ts';
import { run } from './run.ts';

process.exitCode = await run(process.argv.slice(2), {
  terminal: processTerminal(),
  read: (file) => (file === '-' ? buffer(process.stdin) : readFile(file)),
  exists: existsSync,
  connect: connectAsUser,
  tunnel: openTunnel,
  now: Date.now,
});
