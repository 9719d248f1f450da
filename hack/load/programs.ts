/**
 * What simulated containers do: kernel events of six kinds of programs, as their likes were seen to do in the sample
 * containers, with the number of an image and of a container in their names. The agent's own tree makes snapshots of them.
 */
import { Recording } from '../../core/activity/testing/recording.ts';
import type { SeededRandom } from '../../operator/testing/seeded-random.ts';

/** Flags of open(2). */
const writing = { flags: 0o1101, created: true };

interface Part {
  readonly recording: Recording;
  readonly image: number;
  readonly random: SeededRandom;
  /** The period begins with the start of the container. */
  readonly start: boolean;
}

interface Program {
  readonly name: string;
  /** Of 100 images, this many run it. */
  readonly share: number;
  readonly run: (part: Part) => void;
}

const libraries = ['libc.so.6', 'libm.so.6', 'libz.so.1', 'libssl.so.3', 'libcrypto.so.3', 'libpcre2-8.so.0'];

/** What is under way in a later period keeps its lineage; the libraries were opened before. */
function begin({ recording, start }: Part, executable: string): void {
  recording.exec(1, '/usr/local/bin/docker-entrypoint.sh', { namespaceInit: true, filename: '/bin/sh' });
  if (start) {
    for (const [index, tool] of ['find', 'sed', 'id', 'chown'].entries()) {
      const pid = 100 + index;
      recording.fork(1, pid).exec(pid, `/usr/bin/${tool}`, { ppid: 1 });
      recording.open(pid, '/etc/ld.so.cache').open(pid, '/lib/x86_64-linux-gnu/libc.so.6').exit(pid);
    }
  }
  recording.exec(1, executable, { namespaceInit: true });
  if (!start) return;
  for (const library of libraries) recording.open(1, `/lib/x86_64-linux-gnu/${library}`);
  for (const file of ['ld.so.cache', 'passwd', 'group', 'resolv.conf', 'hosts']) recording.open(1, `/etc/${file}`);
}

function talk({ recording, image, random }: Part, peers: number): void {
  for (let peer = 0; peer < peers; peer += 1) {
    const service = (image * 7 + peer * 13) % 200;
    recording.dns(1, `service-${service}.shop.svc.cluster.local`);
    recording.socket(1, 'connect', `10.96.${service % 256}.${1 + (image % 250)}:${[80, 443, 5_432, 6_379][peer % 4]}`);
  }
  recording.socket(1, 'accept', `10.244.${random.below(256)}.${1 + random.below(250)}:8080`);
}

const webServer: Program = {
  name: 'web server',
  share: 25,
  run: (part) => {
    const { recording, image, random } = part;
    begin(part, '/usr/sbin/nginx');
    for (let worker = 0; worker < 4; worker += 1) recording.fork(1, 10 + worker);
    for (let file = 0; file < 60; file += 1) recording.open(10, `/usr/share/nginx/html/${image}/page-${file}.html`);
    for (let file = 0; file < 5; file += 1)
      recording.open(11, `/var/cache/nginx/proxy_temp/${random.below(99)}`, writing);
    recording.open(1, '/var/log/nginx/access.log', writing);
    talk(part, 4);
  },
};

const java: Program = {
  name: 'Java server',
  share: 20,
  run: (part) => {
    const { recording, image, random } = part;
    begin(part, '/opt/java/openjdk/bin/java');
    for (let jar = 0; jar < 140; jar += 1) recording.open(1, `/app/lib/library-${image % 9}-${jar}.jar`);
    for (const file of ['modules', 'libjvm.so', 'libnio.so', 'libnet.so'])
      recording.open(1, `/opt/java/openjdk/lib/${file}`);
    recording.open(1, `/tmp/hsperfdata_root/${1 + random.below(3)}`, writing);
    for (let file = 0; file < 8; file += 1) recording.open(1, `/tmp/tomcat.8080.${random.hex(16)}/work`, writing);
    talk(part, 12);
  },
};

const python: Program = {
  name: 'Python server',
  share: 20,
  run: (part) => {
    const { recording, image, random } = part;
    begin(part, '/usr/local/bin/python3.12');
    for (let module = 0; module < 380; module += 1) {
      const path = `/usr/local/lib/python3.12/site-packages/package${module % 40}/module_${image % 7}_${module}`;
      recording.open(1, `${path}.cpython-312.pyc`);
    }
    for (let file = 0; file < 4; file += 1) recording.open(1, `/tmp/tmp${random.hex(8)}`, writing);
    talk(part, 6);
  },
};

const node: Program = {
  name: 'Node server',
  share: 15,
  run: (part) => {
    const { recording, image } = part;
    begin(part, '/usr/local/bin/node');
    for (let file = 0; file < 280; file += 1) {
      recording.open(1, `/app/node_modules/package-${image % 11}-${file % 70}/dist/file-${file}.js`);
    }
    talk(part, 8);
  },
};

const database: Program = {
  name: 'database',
  share: 5,
  run: (part) => {
    const { recording, image, random } = part;
    begin(part, '/usr/lib/postgresql/16/bin/postgres');
    for (let worker = 0; worker < 8; worker += 1) recording.fork(1, 20 + worker);
    for (let relation = 0; relation < 1_500; relation += 1) {
      const worker = 20 + (relation % 8);
      const file = 2_600 + relation + (relation > 1_200 ? random.below(5_000) : 0);
      recording.open(worker, `/var/lib/postgresql/data/base/${16_384 + (image % 3)}/${file}`, { flags: 2 });
    }
    for (let file = 0; file < 20; file += 1) {
      recording.open(20, `/var/lib/postgresql/data/pg_wal/${random.hex(24).toUpperCase()}`, writing);
    }
    talk(part, 1);
  },
};

const job: Program = {
  name: 'shell job',
  share: 15,
  run: (part) => {
    const { recording, image, random } = part;
    begin(part, '/bin/sh');
    for (const [index, tool] of ['curl', 'jq', 'tar', 'gzip', 'mktemp', 'date', 'rm'].entries()) {
      const pid = 40 + index;
      recording.fork(1, pid).exec(pid, `/usr/bin/${tool}`, { ppid: 1 }).open(pid, '/etc/ld.so.cache');
      for (const library of libraries) recording.open(pid, `/lib/x86_64-linux-gnu/${library}`);
      recording.open(pid, `/tmp/job-${image}.${random.hex(6)}`, writing).exit(pid);
    }
    talk(part, 3);
  },
};

const programs: readonly Program[] = [webServer, java, python, node, database, job];
const shares = programs.reduce((sum, { share }) => sum + share, 0);

function programOf(image: number): Program {
  // Neighbouring numbers run different programs, so that any part of the images is like the whole.
  let place = (image * 37) % shares;
  for (const program of programs) {
    if (place < program.share) return program;
    place -= program.share;
  }
  throw new Error('shares do not add up');
}

/** Events of a container of this image in one period that begins at `from`. */
export function recordPeriod(image: number, random: SeededRandom, start: boolean, from: number): Recording {
  const recording = new Recording(77n, from);
  programOf(image).run({ recording, image, random, start });
  return recording;
}
