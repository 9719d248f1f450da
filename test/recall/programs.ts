/** What is compared: one script for each program, and what the capture is known not to see of it. */
import type { FactKind } from './facts.ts';

export interface Exception {
  readonly kind: FactKind;
  readonly side: 'missing' | 'extra';
  /** In what learning made of the events alone; the events themselves have it. */
  readonly onlyLearned?: true;
  /** The whole line, as strace or the capture has it. */
  readonly line: string;
  /** The property of the kernel's interface that is behind it. */
  readonly reason: string;
}

export interface Program {
  /** Its script is programs/NAME.sh. */
  readonly name: string;
  /** strace has to print what is written, too. */
  readonly writes?: true;
  readonly exceptions: readonly Exception[];
}

const anyAddress =
  'connect to the unspecified address goes to the loopback address: strace shows what was asked for, the capture where it went';

function anyAddressOf(executable: string, port: number): Exception[] {
  const line = (ip: string): string => `${executable}  connect  udp  ${ip}:${port}`;
  return [
    ...['0.0.0.0', '::'].map((ip) => ({ side: 'missing', ip }) as const),
    ...['127.0.0.1', '::1'].map((ip) => ({ side: 'extra', ip }) as const),
  ].map(({ side, ip }) => ({ kind: 'endpoint', side, line: line(ip), reason: anyAddress }));
}

export const programs: readonly Program[] = [
  { name: 'nginx', exceptions: [] },
  { name: 'redis', exceptions: [] },
  { name: 'postgres', exceptions: [] },
  { name: 'python', exceptions: [] },
  { name: 'node', exceptions: [] },
  { name: 'java', exceptions: [] },
  { name: 'gcc', exceptions: [] },
  { name: 'apt', exceptions: [] },
  { name: 'git', exceptions: [] },
  { name: 'curl', exceptions: [] },
  { name: 'busybox', exceptions: [] },
  { name: 'perl', exceptions: [] },
  { name: 'ssh', exceptions: anyAddressOf('/usr/sbin/sshd', 2200) },
  { name: 'tar', exceptions: [] },
  { name: 'changes', exceptions: [] },
  {
    name: 'dns',
    writes: true,
    exceptions: [
      {
        kind: 'dns',
        side: 'missing',
        line: '/usr/bin/python3.11  halves.tcp.example  A',
        reason:
          'on a stream each call hands over bytes, not messages: a question that a program cuts in two is counted as not understood',
      },
      {
        kind: 'endpoint',
        side: 'missing',
        onlyLearned: true,
        line: '/usr/bin/dig  bind  tcp  0.0.0.0:{ephemeral}',
        reason:
          'whoever binds a stream to no port in particular and then connects is nobody to talk to: only the connect counts',
      },
    ],
  },
];
