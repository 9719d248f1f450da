/** A way to a port of a pod through the API server and the kubelet, as `kubectl port-forward` has it, with the user's rights. */
import { Duplex, PassThrough } from 'node:stream';
import { PortForward } from '@kubernetes/client-node';
import { z } from 'zod';
import { problemText } from './errors.ts';
import { type UserConnection, userConfig } from './user-client.ts';

export interface TunnelTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

/** As far as it is needed: the client's own types of it are not shipped. */
interface Socket {
  addEventListener(type: 'close', listener: () => void): void;
  close(): void;
}

const socketSchema = z.custom<Socket>(
  (value) => typeof value === 'object' && value !== null && 'addEventListener' in value && 'close' in value,
);

/** Bytes to and from the port; whoever opened it destroys it. */
export type OpenTunnel = (options: UserConnection, target: TunnelTarget) => Promise<Duplex>;

/** @throws Error that says why there is none */
export const openTunnel: OpenTunnel = async (options, { namespace, pod, port }) => {
  const [input, output, complaints] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const stream = Duplex.from({ readable: output, writable: input });
  // What the kubelet says of the port, such as that nobody listens: the first line is the reason.
  complaints.on('data', (said: Buffer) => {
    if (said.length > 0) stream.destroy(new Error(said.toString('utf8').trim().slice(0, 300)));
  });
  try {
    const forward = new PortForward(userConfig(options));
    const socket = socketSchema.parse(await forward.portForward(namespace, pod, [port], output, complaints, input));
    socket.addEventListener('close', () => output.end());
    stream.once('close', () => socket.close());
    return stream;
  } catch (error) {
    stream.destroy();
    throw new Error(`no way to port ${port} of pod ${namespace}/${pod}: ${reasonOf(error)}`, { cause: error });
  }
};

/** A socket fails with an event, not an error. */
function reasonOf(error: unknown): string {
  const text = problemText(error instanceof Error ? error : Reflect.get(Object(error), 'message'));
  if (!text.includes('403')) return text;
  return 'you may not get and create pods/portforward there';
}
