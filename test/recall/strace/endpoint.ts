/** Who talks to whom, in a call's arguments and in what strace says of its sockets. */
import { endpointOfSend, type Endpoint } from '../facts.ts';
import { noteOf, splitList, type Call } from './parse-line.ts';

interface Address {
  readonly ip: string;
  readonly port: number;
}

/** `TCP:[…]`, `UDPv6:[…]` */
function protocolOf(note: string): string {
  if (note.startsWith('TCP')) return 'tcp';
  return note.startsWith('UDP') ? 'udp' : 'other';
}

/** An IPv4 address of a socket for both. */
const plain = (ip: string): string => ip.replace(/^::ffff:(?=\d+\.)/, '');

/** Undefined for families other than IP. */
function addressOf(argument: string | undefined): Address | undefined {
  const port = /sin6?_port=htons\((\d+)\)/.exec(argument ?? '')?.[1];
  const ip = /inet_(?:addr|pton)\((?:AF_INET6, )?"([^"]+)"/.exec(argument ?? '')?.[1];
  return port === undefined || ip === undefined ? undefined : { ip: plain(ip), port: Number(port) };
}

/** Local and remote end: `TCP:[10.0.0.1:80->10.0.0.2:99]`, `TCPv6:[[::1]:80]`. */
function endsOf(note: string): Address[] {
  const inner = /^\w+:\[(.*)\]$/.exec(note)?.[1] ?? '';
  return inner.split('->').flatMap((end) => {
    const match = /^\[?(.*?)\]?:(\d+)$/.exec(end);
    return match === null ? [] : [{ ip: plain(match[1] ?? ''), port: Number(match[2]) }];
  });
}

/** A connect that reached the network counts, whatever came of it. */
const REACHED = new Set(['', 'EINPROGRESS', 'EINTR', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT']);

function accepted({ result = -1, note }: Call): Endpoint | undefined {
  const [local, remote] = endsOf(note);
  if (result < 0 || local === undefined) return undefined;
  return { direction: 'accept', protocol: protocolOf(note), ...local, peer: remote?.ip };
}

/** Datagrams that name their peers; TCP takes no names. */
function sent({ args, result = -1 }: Call, names: readonly (string | undefined)[]): Endpoint[] {
  const note = noteOf(args[0]);
  const protocol = protocolOf(note);
  if (result < 0 || protocol === 'tcp') return [];
  return names.flatMap((name) => {
    const remote = addressOf(name);
    return remote === undefined ? [] : (endpointOfSend(protocol, endsOf(note)[0], remote) ?? []);
  });
}

const readers: Readonly<Record<string, (call: Call) => Endpoint | readonly Endpoint[] | undefined>> = {
  connect: ({ args, result = -1, note }) => {
    const address = addressOf(args[1]);
    // Port 0 is nobody's: resolvers connect to it to learn their own source address.
    if (address === undefined || address.port === 0 || (result < 0 && !REACHED.has(note))) return undefined;
    return { direction: 'connect', protocol: protocolOf(noteOf(args[0])), ...address };
  },
  bind: ({ args, result = -1 }) => {
    const address = addressOf(args[1]);
    if (address === undefined || result < 0) return undefined;
    return { direction: 'bind', protocol: protocolOf(noteOf(args[0])), ...address };
  },
  listen: ({ args, result = -1 }) => {
    const [local] = endsOf(noteOf(args[0]));
    if (local === undefined || result < 0) return undefined;
    return { direction: 'listen', protocol: protocolOf(noteOf(args[0])), ...local };
  },
  sendto: (call) => sent(call, [call.args[4]]),
  sendmsg: (call) => sent(call, [call.args[1]]),
  sendmmsg: (call) => sent(call, splitList((call.args[1] ?? '').slice(1, -1)).slice(0, call.result)),
  accept: accepted,
  accept4: accepted,
};

/** Empty for calls that are no network activity. */
export function endpointsOf(call: Call): readonly Endpoint[] {
  return [readers[call.name]?.(call) ?? []].flat();
}
