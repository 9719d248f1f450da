/** What real programs do with names, and what a reader of their profile gets to see. */
import { describe, expect, it } from 'vitest';
import { type Activity, names, numbers, pythonNames, shown } from './testing-programs.ts';

describe('a reader sees of', () => {
  it.each<[string, Activity, string[]]>([
    [
      'rotated logs',
      {
        paths: [
          '/var/log/app/access.log',
          ...numbers(1, 9).map((number) => `/var/log/app/access.log.${number}`),
          ...numbers(2, 9).map((number) => `/var/log/app/access.log.${number}.gz`),
          ...numbers(10, 9).map((day) => `/var/log/app/error-2026-11-${day}.log`),
        ],
      },
      [
        '/var/log/app/access.log',
        '/var/log/app/access.log.{digits}',
        '/var/log/app/access.log.{digits}.gz',
        '/var/log/app/error-{date}.log',
      ],
    ],
    [
      'temporary files of Python, as it made them',
      {
        paths: [
          ...pythonNames.map((name) => `/tmp/${name}`),
          ...['tmp30vwxo9g', 'tmpmab_gw7i', 'tmptlixyk11', 'tmp6plxhrcl', 'tmp0qjzi_q2'].map(
            (name) => `/tmp/${name}.json`,
          ),
          ...pythonNames.map((name) => `/srv/${name.replace('tmp', 'pip-install-')}/flask/setup.py`),
        ],
      },
      ['/srv/pip-install-{random8}/flask/setup.py', '/tmp/tmp{random8}', '/tmp/tmp{random8}.json'],
    ],
    [
      'temporary directories of Python beside words',
      {
        paths: [
          ...pythonNames.map((name) => `/tmp/${name}/part.bin`),
          '/tmp/tmpfiles8',
          '/tmp/tmpfiles9',
          '/tmp/tmpreaper',
          '/tmp/tmp.lock',
        ],
      },
      ['/tmp/tmp.lock', '/tmp/tmpfiles8', '/tmp/tmpfiles9', '/tmp/tmpreaper', '/tmp/tmp{random8}/part.bin'],
    ],
    [
      'a compiler, sort, sed -i, .NET and the fonts of Java, as they made them',
      {
        paths: [
          ...['cc51XJqf', 'ccL0xhqi', 'ccR8rUkA', 'ccTDbedK', 'ccixTxfj', 'cclA1YYq', 'ccn7jl6O'].map(
            (name) => `/tmp/${name}.s`,
          ),
          ...['0DlVVY', '0EgqPQ', '0HBNFA', '00wc4i', '0M1eL8'].map((name) => `/tmp/sort${name}`),
          ...['SxNtl9', 'YqtoX5', 'plDgxW', 'oFGmjZ', 'UifZL7', 'G6zVS3', '3GKF7m'].map(
            (name) => `/srv/conf/sed${name}`,
          ),
          ...['4225058428853672861', '10078605247791888034', '15065771443913072848', '6887062899682608975'].map(
            (name) => `/tmp/+~JF${name}.tmp`,
          ),
          ...names('base62', 6, 9).map((name) => `/tmp/php${name}`),
        ],
      },
      [
        '/srv/conf/sed{random6}',
        '/tmp/+~JF{digits}.tmp',
        '/tmp/cc{random6}.s',
        '/tmp/php{random6}',
        '/tmp/sort{random6}',
      ],
    ],
    [
      'the cache of pip',
      {
        paths: names('hex', 56, 40).flatMap((name) => {
          const path = `/root/.cache/pip/http-v2/${name.slice(0, 5).split('').join('/')}/${name}`;
          return [path, `${path}.body`];
        }),
      },
      [
        '/root/.cache/pip/http-v2/{hex}/{hex}/{hex}/{hex}/{hex}/{hex}',
        '/root/.cache/pip/http-v2/{hex}/{hex}/{hex}/{hex}/{hex}/{hex}.body',
      ],
    ],
    [
      'what programs make once, when they start',
      {
        paths: [
          '/etc/nginx/conf.d/sedQ3xZ1a',
          '/tmp/wgunicorn-3kd5xt5_',
          '/tmp/tmp.Xa3kQ9fT2b/x',
          '/tmp/tmp62_qw223',
          '/data/temp-12.rdb',
          '/data/pg_wal/xlogtemp.18',
        ],
      },
      [
        '/data/pg_wal/xlogtemp.{digits}',
        '/data/temp-{digits}.rdb',
        '/etc/nginx/conf.d/sed{random}',
        '/tmp/tmp.{mixed10}/x',
        '/tmp/tmp{random8}',
        '/tmp/wgunicorn-{random8}',
      ],
    ],
    ['files of mktemp', { paths: names('base62', 10, 60).map((name) => `/tmp/tmp.${name}`) }, ['/tmp/tmp.{mixed10}']],
    [
      'sessions',
      { paths: names('base36', 26, 40).map((name) => `/var/lib/php/sessions/sess_${name}`) },
      ['/var/lib/php/sessions/sess_{mixed26}'],
    ],
    [
      'a Java server',
      {
        paths: [
          ...numbers(1, 6).map((pid) => `/tmp/hsperfdata_app/${pid}`),
          ...names('digits', 19, 5).map((name) => `/tmp/jna-108/jna${name}.tmp`),
          ...numbers(1, 5).map((port) => `/tmp/tomcat.808${port}.${port}7/work/Tomcat/localhost/ROOT`),
          ...numbers(10, 5).map((day) => `/usr/local/tomcat/logs/catalina.2026-11-${day}.log`),
          '/opt/java/openjdk/lib/modules',
          '/proc/7/coredump_filter',
          '/sys/fs/cgroup/cpu.max',
        ],
      },
      [
        '/opt/java/openjdk/lib/modules',
        '/proc/{pid}/coredump_filter',
        '/sys/fs/cgroup/cpu.max',
        '/tmp/hsperfdata_app/{pid}',
        '/tmp/jna-108/jna{digits}.tmp',
        '/tmp/tomcat.{digits}.{digits}/work/Tomcat/localhost/ROOT',
        '/usr/local/tomcat/logs/catalina.{date}.log',
      ],
    ],
    [
      'caches of Node.js and npm',
      {
        paths: [
          ...names('hex', 128, 6).map(
            (name) =>
              `/home/node/.npm/_cacache/content-v2/sha512/${name.slice(0, 2)}/${name.slice(2, 4)}/${name.slice(4)}`,
          ),
          ...names('hex', 8, 8).map((name) => `/home/node/.cache/v8-compile-cache/${name}.blob`),
          '/app/node_modules/express/index.js',
          '/app/node_modules/es6-promise/index.js',
          '/app/node_modules/d3-array/index.js',
          '/app/node_modules/h3/index.js',
        ],
      },
      [
        '/app/node_modules/d3-array/index.js',
        '/app/node_modules/es6-promise/index.js',
        '/app/node_modules/express/index.js',
        '/app/node_modules/h3/index.js',
        '/home/node/.cache/v8-compile-cache/{mixed8}.blob',
        '/home/node/.npm/_cacache/content-v2/sha512/{hex}/{hex}/{hex}',
      ],
    ],
    [
      'PostgreSQL',
      {
        paths: [
          ...[1, 4, 5, 16_384].flatMap((database) =>
            numbers(2_600, 6).flatMap((relation) => [
              `/var/lib/postgresql/data/base/${database}/${relation}`,
              `/var/lib/postgresql/data/base/${database}/${relation}_fsm`,
              `/var/lib/postgresql/data/base/${database}/pg_internal.init.${relation}`,
            ]),
          ),
          ...numbers(10, 6).map((segment) => `/var/lib/postgresql/data/pg_wal/0000000100000000000000${segment}`),
          ...numbers(100, 6).map((pid) => `/var/lib/postgresql/data/base/pgsql_tmp/pgsql_tmp${pid}.0`),
          '/var/lib/postgresql/data/PG_VERSION',
          '/var/lib/postgresql/data/global/pg_control',
          '/dev/shm/PostgreSQL.1804289383',
        ],
      },
      [
        '/dev/shm/PostgreSQL.{digits}',
        '/var/lib/postgresql/data/PG_VERSION',
        '/var/lib/postgresql/data/base/pgsql_tmp/pgsql_tmp{digits}.{digits}',
        '/var/lib/postgresql/data/base/{digits}/pg_internal.init.{digits}',
        '/var/lib/postgresql/data/base/{digits}/{digits}',
        '/var/lib/postgresql/data/base/{digits}/{digits}_fsm',
        '/var/lib/postgresql/data/global/pg_control',
        '/var/lib/postgresql/data/pg_wal/{hex}',
      ],
    ],
    [
      'git',
      {
        paths: [
          ...names('hex', 40, 80).map((name) => `/repo/.git/objects/${name.slice(0, 2)}/${name.slice(2)}`),
          ...names('hex', 40, 5, 2).map((name) => `/repo/.git/objects/pack/pack-${name}.idx`),
          ...names('base62', 6, 30).map((name) => `/repo/.git/objects/pack/tmp_pack_${name}`),
          '/repo/.git/HEAD',
          '/repo/.git/refs/heads/main',
        ],
      },
      [
        '/repo/.git/HEAD',
        '/repo/.git/objects/pack/pack-{hex}.idx',
        '/repo/.git/objects/pack/tmp_pack_{mixed6}',
        '/repo/.git/objects/{hex}/{hex}',
        '/repo/.git/refs/heads/main',
      ],
    ],
    [
      'apt',
      {
        paths: [
          '/var/lib/apt/lists/deb.debian.org_debian_dists_trixie_InRelease',
          '/var/lib/apt/lists/deb.debian.org_debian_dists_trixie_main_binary-amd64_Packages',
          ...numbers(1, 5).map((minor) => `/var/cache/apt/archives/curl_8.14.${minor}-2_amd64.deb`),
          ...names('base62', 6, 12).map((name) => `/tmp/apt.conf.${name}`),
        ],
      },
      [
        '/tmp/apt.conf.{mixed6}',
        '/var/cache/apt/archives/curl_8.14.{digits}-2_amd64.deb',
        '/var/lib/apt/lists/deb.debian.org_debian_dists_trixie_InRelease',
        '/var/lib/apt/lists/deb.debian.org_debian_dists_trixie_main_binary-amd64_Packages',
      ],
    ],
    [
      'a service account, /proc and /sys',
      {
        paths: [
          ...numbers(10, 6).map(
            (second) => `/run/secrets/kubernetes.io/serviceaccount/..2026_11_21_06_35_${second}.123456${second}/token`,
          ),
          '/run/secrets/kubernetes.io/serviceaccount/..data/token',
          ...numbers(1, 9).map((pid) => `/proc/${pid}/stat`),
          '/proc/sys/net/core/somaxconn',
          ...numbers(0, 16).map((cpu) => `/sys/devices/system/cpu/cpu${cpu}/topology/core_id`),
        ],
      },
      [
        '/proc/sys/net/core/somaxconn',
        '/proc/{pid}/stat',
        '/run/secrets/kubernetes.io/serviceaccount/..data/token',
        '/run/secrets/kubernetes.io/serviceaccount/..{time}/token',
        '/sys/devices/system/cpu/cpu{digits}/topology/core_id',
      ],
    ],
    [
      'names with search suffixes, shards and random labels',
      {
        names: [
          'redis.shop.svc.cluster.local',
          'example.com.shop.svc.cluster.local',
          'example.com',
          ...numbers(0, 6).map((replica) => `kafka-${replica}.kafka.shop.svc.cluster.local`),
          ...names('base36', 12, 12).map((label) => `${label}.telemetry.example.net`),
          ...numbers(1, 5).map((shard) => `shard-${shard}.db.example.org`),
          ...numbers(1, 5).map((bucket) => `bucket${bucket}.s3.amazonaws.com`),
          '7.0.0.10.in-addr.arpa',
        ],
      },
      [
        '*.in-addr.arpa',
        'bucket1.s3.amazonaws.com',
        'bucket2.s3.amazonaws.com',
        'bucket3.s3.amazonaws.com',
        'bucket4.s3.amazonaws.com',
        'bucket5.s3.amazonaws.com',
        'example.com',
        'kafka-{digits}.kafka.shop.svc.cluster.local',
        'redis',
        'shard-{digits}.db.example.org',
        '{mixed12}.telemetry.example.net',
      ],
    ],
  ])('%s', (_, activity, expected) => expect(shown(activity)).toEqual(expected));
});
