/** What profiles say, against what the samples are known to do: their Dockerfiles, scripts and configuration. */
import { describe, expect, test } from 'vitest';
import { within, type Product } from './product.ts';
import { processesOf, processOf, type ProcessView, type Profile } from './profile.ts';
import { readStore } from './store-copy.ts';

const ofEntrypoint = ({ actors }: ProcessView): boolean => actors.includes('entrypoint');
const startedBy = (profile: Profile, actor: string): string[] =>
  processesOf(profile)
    .filter(({ actors }) => actors.includes(actor))
    .map(({ lineage }) => lineage);
const connections = (profile: Profile): string[] =>
  [...new Set(processesOf(profile).flatMap(({ network }) => network))]
    .filter((text) => text.startsWith('connect'))
    .sort();

export function contentsTests(product: Product): void {
  describe('servers that fork without exec are one process', () => {
    test.for(['nginx:1.22', 'nginx:stable'])('%s: master and two workers', async (image) => {
      await within(60, async () => {
        const profile = await product.profile(image);
        expect(startedBy(profile, 'entrypoint')).toEqual(['/usr/sbin/nginx']);
        const nginx = processOf(profile, '/usr/sbin/nginx');
        expect(nginx).toMatchObject({ actors: ['entrypoint'], maxInstances: 3, names: [] });
        const files = [...nginx.files.keys()];
        // Read by the master, and by the workers for each request.
        expect(files).toEqual(
          expect.arrayContaining([
            '/etc/nginx/nginx.conf',
            '/etc/nginx/mime.types',
            '/usr/share/nginx/html/index.html',
          ]),
        );
        expect(files.filter((path) => /\[\d+\]/.test(path))).toEqual([]);
        // Accepted by workers: requests of the load, probes of the kubelet.
        expect(nginx.network).toEqual(['accept tcp cluster 80', 'accept tcp node 80', 'bind tcp 80', 'listen tcp 80']);
      });
    });

    test('postgres: postmaster and its backends, behind the entrypoint script', async () => {
      await within(60, async () => {
        const server = processOf(await product.profile('postgres:15'), ...entrypoint, postgres);
        expect(server.actors).toEqual(['entrypoint']);
        expect(server.maxInstances).toBeGreaterThanOrEqual(2);
        const files = [...server.files.keys()];
        // Each backend reads it at its start.
        expect(files).toContain(`${data}/global/pg_filenode.map`);
        expect(server.network).toEqual(expect.arrayContaining(['listen tcp 5432', 'accept tcp cluster 5432']));
      });
    });

    test('redis listens where its clients connect', async () => {
      await within(60, async () => {
        const profile = await product.profile('redis:7.0');
        expect(startedBy(profile, 'entrypoint')).toEqual(['/usr/bin/redis-server']);
        const { network, files } = processOf(profile, '/usr/bin/redis-server');
        expect(network).toEqual(expect.arrayContaining(['listen tcp 6379', 'accept tcp cluster 6379']));
        expect([...files.keys()]).toContain('/etc/redis/redis.conf');
        // The probe runs inside the container, started by the runtime, and teaches nothing.
        expect(startedBy(profile, 'exec')).toEqual([]);
        expect(processesOf(profile).filter(({ lineage }) => lineage.includes('redis-cli'))).toEqual([]);
      });
    });
  });

  describe('what is started by exec is a process of its own', () => {
    test('postgres: the first start by its entrypoint script', async () => {
      await within(60, async () => {
        const profile = await product.profile('postgres:15');
        const steps = ['/usr/bin/mkdir', '/usr/bin/chmod', initdb, pgCtl, psql, postgres];
        const children = steps.map((program) => processOf(profile, ...entrypoint, program));
        expect(children.map(({ actors }) => actors)).toEqual(steps.map(() => ['entrypoint']));
        // initdb runs the server through a shell to fill the first database.
        expect(processOf(profile, ...entrypoint, initdb, '/usr/bin/dash -c', postgres).actors).toEqual(['entrypoint']);
        const strays = processesOf(profile).filter(
          (process) => ofEntrypoint(process) && !process.lineage.startsWith(entrypoint[0]),
        );
        expect(strays).toEqual([]);
        expect(startedBy(profile, 'exec')).toEqual([]);
        expect(startedBy(profile, 'unknown')).toEqual([]);
      });
    });

    test('report: the commands of a CronJob that ends within seconds, of more than one run', async () => {
      await within(120, async () => {
        const profile = await product.profile('report:1');
        expect(profile.status.containers).toBeGreaterThanOrEqual(2);
        const script = '/usr/bin/bash /usr/local/bin/report.sh';
        const commands = ['date', 'sort', 'gzip', 'sha256sum'].map((name) =>
          processOf(profile, script, `/usr/bin/${name}`),
        );
        // Debian's psql is a script that chooses the program by version.
        const query = processOf(profile, script, '/usr/bin/perl /usr/bin/psql', psql);
        expect([...commands, query].map(({ actors }) => actors.join())).toEqual(Array(5).fill('entrypoint'));
        expect([...commands, query].map(({ commonality }) => commonality)).toEqual(Array(5).fill(100));
        expect(query.names).toEqual(['postgres']);
        expect(connections(profile)).toEqual(['connect tcp service samples/postgres 5432', 'connect udp dns 53']);
        expect(startedBy(profile, 'exec')).toEqual([]);
      });
    });

    test('load: five clients at once, one process', async () => {
      await within(60, async () => {
        const profile = await product.profile('load:1');
        const curl = processOf(profile, '/usr/bin/bash /usr/local/bin/load.sh', '/usr/bin/timeout', '/usr/bin/curl');
        expect(curl.maxInstances).toBe(5);
        expect(curl.names).toEqual(['app', 'nginx', 'nginx-stable']);
      });
    });
  });

  describe('peers are what they were when somebody talked to them', () => {
    test.for(['app:v1', 'app:v2'])('%s: names of its own namespace, and two Services', async (image) => {
      await within(60, async () => {
        const profile = await product.profile(image);
        const server = processOf(profile, '/usr/bin/python3.11 /srv/app/server.py');
        expect(server.names).toEqual(['postgres', 'redis']);
        expect(connections(profile)).toEqual([
          'connect tcp service samples/postgres 5432',
          'connect tcp service samples/redis 6379',
          'connect udp dns 53',
        ]);
      });
    });

    test('a connection to a pod is one to its Service: app:v2 dials both', async () => {
      const [redis] = await product.pods('samples', 'app.kubernetes.io/name=redis');
      const address = await product.cluster.kubectl(
        '-n',
        'samples',
        'get',
        'service',
        'redis',
        '-o',
        'jsonpath={.spec.clusterIP}',
      );
      await within(60, async () => {
        const store = await readStore(product);
        const dialled = store.snapshots
          .filter(({ image }) => image === 'localhost/samples/app:v2')
          .flatMap(({ snapshot }) => snapshot.network)
          .filter(({ direction, port }) => direction === 'connect' && port === 6379);
        expect(new Set(dialled.map((one) => one.address))).toEqual(new Set([redis?.address, address]));
      });
    });
  });
}

const entrypoint = ['/usr/bin/bash /usr/local/bin/entrypoint.sh'] as const;
const postgresBin = '/usr/lib/postgresql/15/bin';
const postgres = `${postgresBin}/postgres`;
const initdb = `${postgresBin}/initdb`;
const pgCtl = `${postgresBin}/pg_ctl`;
const psql = `${postgresBin}/psql`;
const data = '/var/lib/postgresql/data/pgdata';
