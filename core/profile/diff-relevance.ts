/**
 * How much a difference between two profiles matters to security: one class of a fixed order, by what the behaviour is,
 * never by how often it happens. The lists name what programs of intruders have in common with few others; a behaviour that
 * is in none of them falls into a lower class and is still shown.
 */
import { isCredential } from '../pattern/kept.ts';
import type { Subject } from './diff-behaviours.ts';
import type { ProcessIdentity } from './evidence.ts';

/** Most relevant first. The texts say why, to people. */
export const relevances = {
  'dropped-program': 'a program where only data belongs, or without a file',
  shell: 'a shell, or code from the command line of an interpreter',
  tool: 'a tool that intruders bring or use: download, tunnel, packages, compiler, credentials',
  program: 'a program',
  'sensitive-write': 'changes programs, configuration, accounts or what starts by itself',
  'strong-capability': 'a capability that reaches beyond the container',
  'secret-read': 'reaches for credentials, keys or another process',
  metadata: 'talks to the metadata service of the cloud, which gives out credentials',
  apiserver: 'talks to the Kubernetes API server',
  outbound: 'talks to an address outside of the cluster, or to an unknown one',
  'cluster-outbound': 'talks to another workload, or to a node',
  listen: 'opens a port',
  name: 'asks for a name',
  inbound: 'is talked to by others',
  inner: 'talks to itself, or to the DNS of the cluster',
  'strong-syscall': 'a system call for namespaces, modules, tracing or other processes',
  write: 'changes files',
  capability: 'a capability',
  read: 'reads files',
  syscall: 'a system call',
} as const;

export type Relevance = keyof typeof relevances;

const order = Object.keys(relevances);

/** 0 is the most relevant. */
export function relevanceRank(relevance: Relevance): number {
  return order.indexOf(relevance);
}

const dataPlaces = /^\/(?:tmp|var\/tmp|dev|run|var\/run|proc|var\/log|var\/cache|var\/spool|mnt|media)\//;
const withoutFile = /^\/?memfd:|^\/proc\/(?:self|\d+|\*)\/fd\/| \(deleted\)$/;
/** A mount namespace of its own: such a path is not the container's. */
const otherMounts = /^\{[^}]*\}/;
const shells = /^(?:r?bash|dash|ash|sh|hush|m?ksh|zsh|t?csh|fish|yash|posh|busybox)$/;
const tools = new RegExp(
  `^(?:${[
    'curl|wget|aria2c|lynx|tftp|ftp|scp|sftp|ssh|sshd|rsync|nc|ncat|netcat|socat|telnet|nmap|masscan|zmap|tcpdump|chisel|frpc|ngrok',
    'apt|apt-get|dpkg|apk|yum|dnf|microdnf|rpm|pip[0-9.]*|npm|npx|gem|cpan|cargo|go',
    'gcc|g\\+\\+|cc|c\\+\\+|clang|make|ld|as|gdb|strace|ltrace',
    'su|sudo|passwd|useradd|usermod|chpasswd|crontab|at|nsenter|unshare|chroot|mount|umount|insmod|modprobe|kubectl|crictl|ctr|docker|base64|xxd|openssl',
  ].join('|')})$`,
);
const guardedPlaces =
  /^\/(?:etc|usr|bin|sbin|lib|lib32|lib64|libx32|boot|opt|root|home\/[^/]+\/\.[^/]+|var\/spool\/cron|proc\/sys|sys)(?:\/|$)/;
const escapePlaces = /\/(?:docker|containerd|crio)\.sock$|^\/dev\/(?:k?mem|sd|vd|xvd|nvme|dm-|mapper\/|kmsg)/;
/** What processes hold in memory or have open: `{pid}` may be another one. */
const processSecrets =
  /^\/proc\/(?:\{pid\}|self|\d+)\/(?:task\/[^/]+\/)?(?:environ|mem|maps|root|cwd|fd)(?:\/|$)|^\/proc\/(?:kcore|kallsyms)$/;

const strongCapabilities =
  /^CAP_(?:SYS_(?:ADMIN|PTRACE|MODULE|RAWIO|BOOT|CHROOT|TIME)|NET_(?:ADMIN|RAW)|DAC_(?:OVERRIDE|READ_SEARCH)|SET[UG]ID|SETFCAP|SETPCAP|BPF|PERFMON|MKNOD|MAC_(?:ADMIN|OVERRIDE)|CHECKPOINT_RESTORE|SYSLOG)$/;
const strongSyscalls =
  /^(?:ptrace|process_vm_(?:readv|writev)|pidfd_getfd|kcmp|mount|mount_setattr|move_mount|open_tree|fsopen|fsmount|umount2?|pivot_root|chroot|unshare|setns|clone_newuser|init_module|finit_module|delete_module|kexec_(?:file_)?load|bpf|perf_event_open|userfaultfd|io_uring_setup|memfd_create|execveat|keyctl|add_key|request_key|reboot|swapon|swapoff|open_by_handle_at|iopl|ioperm|modify_ldt)$/;
/** The instance metadata service of the large clouds, as the block that stands for a link-local address. */
const metadataPeer = /^external (?:169\.254\.169\.254|169\.254\.170\.2|fd00:ec2::)/;

const changing = new Set(['write', 'create', 'delete', 'rename', 'attributes']);

/** @param ways that differ: a file that was read before and is now written to is judged as a file that is written to */
export function relevanceOf(subject: Subject, ways: readonly string[]): Relevance {
  switch (subject.kind) {
    case 'process':
      return programRelevance(subject);
    case 'file':
      return fileRelevance(subject.path.replace(otherMounts, ''), ways);
    case 'dns':
      return 'name';
    case 'network':
      return endpointRelevance(subject.direction, subject.peer ?? '');
    case 'capability':
      return strongCapabilities.test(subject.name) ? 'strong-capability' : 'capability';
    case 'syscall':
      return strongSyscalls.test(subject.name) ? 'strong-syscall' : 'syscall';
  }
}

function programRelevance({ executable, applet, script, inline }: ProcessIdentity): Relevance {
  const places = [executable, script ?? ''];
  if (otherMounts.test(executable)) return 'dropped-program';
  if (places.some((path) => dataPlaces.test(path) || withoutFile.test(path))) return 'dropped-program';
  const name = applet ?? baseName(executable);
  if (inline === true || (script === undefined && shells.test(name))) return 'shell';
  return tools.test(name) ? 'tool' : 'program';
}

function fileRelevance(path: string, ways: readonly string[]): Relevance {
  const changes = ways.some((way) => changing.has(way));
  const secret = isCredential(path) || processSecrets.test(path);
  if (changes && (guardedPlaces.test(path) || escapePlaces.test(path) || secret)) return 'sensitive-write';
  if (secret || escapePlaces.test(path)) return 'secret-read';
  return changes ? 'write' : 'read';
}

function endpointRelevance(direction: string, peer: string): Relevance {
  if (direction === 'accept') return 'inbound';
  if (direction !== 'connect') return 'listen';
  if (metadataPeer.test(peer)) return 'metadata';
  if (peer === 'apiserver' || peer === 'service default/kubernetes') return 'apiserver';
  if (peer.startsWith('external ') || peer === 'unknown' || peer === '') return 'outbound';
  return peer === 'self' || peer === 'dns' ? 'inner' : 'cluster-outbound';
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
