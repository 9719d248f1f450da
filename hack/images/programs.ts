/**
 * A root file system with the programs whose behaviour is compared with what strace says (test/recall), and strace itself.
 * Kept apart from the machine, so that its own state does not show in the results and no servers are installed on it.
 */
import { fileURLToPath } from 'node:url';
import { packageOptions, suite } from './base.ts';
import { cachedFile, contentKey, type CachedFile } from './cache.ts';
import { run } from './run.ts';

/** By what they are for; the clients are those with resolvers of their own: bind's, musl's (compiled in the test), Go's. */
const packages = {
  servers: ['nginx-light', 'redis-server', 'postgresql-15', 'openssh-server'],
  languages: ['python3', 'perl', 'default-jdk-headless', 'gcc', 'libc6-dev', 'make', 'busybox'],
  clients: ['openssh-client', 'curl', 'git', 'bind9-dnsutils', 'bind9-host', 'musl-tools', 'gron'],
  tools: ['apt-utils', 'strace', 'usr-is-merged'],
};

const hook = fileURLToPath(new URL('programs-hook.sh', import.meta.url));

/** The folder, made if needed (one to two minutes, 1 GB). Needs root and Debian's mmdebstrap. */
export async function programsRoot(): Promise<CachedFile> {
  const options = ['--variant=minbase', '--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr', ...packageOptions];
  const words = [...options, `--include=${Object.values(packages).flat().join(',')}`];
  const key = await contentKey([hook], [suite, ...words]);
  return cachedFile({ folder: 'images', name: 'root-programs', key, extension: '' }, async (path) => {
    await run('mmdebstrap', ['--mode=root', '--format=directory', ...words, `--essential-hook=${hook}`, suite, path]);
  });
}
