import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { limitConnections } from './connection-limit.ts';

async function listening() {
  const refused: string[] = [];
  const server = createServer((socket) => void socket.once('data', () => socket.write('answer')));
  limitConnections(server, { total: 5, perAddress: 2 }, (reason) => refused.push(reason));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a port was expected');
  const { port } = address;
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  /** Whether a connection from this address is answered; it stays open. */
  async function answered(localAddress: string): Promise<boolean> {
    const socket = connect({ host: '127.0.0.1', port, localAddress });
    sockets.push(socket);
    socket.on('error', () => undefined);
    const outcome = Promise.withResolvers<boolean>();
    socket.once('data', () => outcome.resolve(true));
    socket.once('close', () => outcome.resolve(false));
    socket.write('question');
    return outcome.promise;
  }
  return { answered, refused, sockets, server };
}

it('gives one address its share and leaves the rest to others', async () => {
  const { answered, refused } = await listening();
  const greedy = [await answered('127.0.0.2'), await answered('127.0.0.2'), await answered('127.0.0.2')];
  expect(greedy).toEqual([true, true, false]);
  expect(await answered('127.0.0.3')).toBe(true);
  expect(refused).toEqual(['address']);
});

it('has room again when a connection ends', async () => {
  const { answered, sockets, server } = await listening();
  await answered('127.0.0.2');
  await answered('127.0.0.2');
  const connections = async (): Promise<number> => {
    const counted = Promise.withResolvers<number>();
    server.getConnections((_error, count) => counted.resolve(count));
    return counted.promise;
  };
  sockets[0]?.destroy();
  while ((await connections()) > 1) await new Promise(setImmediate);
  expect(await answered('127.0.0.2')).toBe(true);
});

it('says when all together are too many', async () => {
  const { answered, refused } = await listening();
  for (const last of [2, 2, 3, 3, 4]) expect(await answered(`127.0.0.${last}`)).toBe(true);
  expect(await answered('127.0.0.5')).toBe(false);
  expect(refused).toEqual(['total']);
});
