/** The terminal of this process. */
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { Terminal } from './context.ts';

export function processTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  // Whoever read has seen enough (| head): that is an end, not an error.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  return {
    write: async (text) => {
      if (!stdout.write(text)) await once(stdout, 'drain');
    },
    warn: (text) => void stderr.write(`${text}\n`),
    colours: stdout.isTTY && stdout.hasColors(),
    interactive: stdin.isTTY && stderr.isTTY,
    ask: async (question) => {
      const lines = createInterface({ input: stdin, output: stderr });
      const ended = once(lines, 'close').then(() => undefined);
      const answer = await Promise.race([lines.question(question), ended]);
      lines.close();
      return answer;
    },
  };
}
