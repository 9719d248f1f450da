import { describe, expect, it } from 'vitest';
import { reducePath } from '../activity/reduce-path.ts';
import { relevanceOf } from './diff-relevance.ts';

describe('relevance', () => {
  const program = (executable: string) => relevanceOf({ kind: 'process', executable }, []);
  const file = (path: string, ...ways: string[]) => relevanceOf({ kind: 'file', path }, ways);

  it('tells programs by what they are and where they lie', () => {
    expect(program('/bin/bash')).toBe('shell');
    expect(program('/tmp/bash')).toBe('dropped-program');
    expect(program('/memfd:x (deleted)')).toBe('dropped-program');
    expect(program('{mounts}/usr/bin/env')).toBe('dropped-program');
    expect(program('/usr/bin/curl')).toBe('tool');
    expect(program('/usr/bin/curlew')).toBe('program');
    expect(relevanceOf({ kind: 'process', executable: '/bin/busybox', applet: 'wget' }, [])).toBe('tool');
    expect(relevanceOf({ kind: 'process', executable: '/bin/busybox', applet: 'sh' }, [])).toBe('shell');
    expect(relevanceOf({ kind: 'process', executable: '/usr/bin/python3', inline: true }, [])).toBe('shell');
    expect(relevanceOf({ kind: 'process', executable: '/usr/bin/python3', script: '/tmp/x.py' }, [])).toBe(
      'dropped-program',
    );
    expect(relevanceOf({ kind: 'process', executable: '/bin/sh', script: '/entrypoint.sh' }, [])).toBe('program');
  });

  it('tells files by their place and by what is done', () => {
    expect(file('/etc/cron.d/x', 'create')).toBe('sensitive-write');
    expect(file('/etc/cron.d/x', 'read')).toBe('read');
    expect(file('/etcetera', 'write')).toBe('write');
    expect(file('/var/run/secrets/kubernetes.io/serviceaccount/token', 'read')).toBe('secret-read');
    expect(file('/etc/shadow', 'denied')).toBe('secret-read');
    expect(file('/run/containerd/containerd.sock', 'write')).toBe('sensitive-write');
  });

  it.each([
    '/proc/1/environ',
    '/proc/42/task/43/mem',
    '/proc/7/root/etc/shadow',
    '/proc/self/maps',
    '/host/etc/shadow-',
    '/srv/app/id_rsa',
    '/app/.env',
    '/app/.env.local',
    '/run/secrets/db-password',
    '/srv/tls/server.pem',
    '/app/app.keystore',
    '/root/.vault-token',
    '/root/.my.cnf',
    '/home/u/vault.kdbx',
    '/root/.bash_history',
    '/root/.config/token.json',
    '/etc/sudoers',
    '/etc/krb5.keytab',
    '/root/.config/gcloud/application_default_credentials.json',
  ])('knows %s for a secret, as profiles write it', (found) => {
    expect(file(reducePath(found), 'read')).toBe('secret-read');
    expect(file(reducePath(found), 'write')).toBe('sensitive-write');
  });

  it.each([
    '/etc/passwd',
    '/usr/lib/python3/dist-packages/certifi/cacert.pem',
    '/etc/ssl/certs/ISRG_Root_X1.pem',
    '/proc/1/stat',
    '/srv/id_map.json',
    '/srv/tokenizer.json',
    '/srv/envelope',
    '/var/lib/app/key',
  ])('takes %s for none', (found) => expect(file(reducePath(found), 'read')).toBe('read'));

  it('tells endpoints by who began and whom it reaches', () => {
    const peer = (text: string) =>
      relevanceOf({ kind: 'network', direction: 'connect', protocol: 'tcp', peer: text }, []);
    expect(peer('external 169.254.169.254/32')).toBe('metadata');
    expect(peer('external 203.0.113.0/24')).toBe('outbound');
    expect(peer('apiserver')).toBe('apiserver');
    expect(peer('workload shop/Deployment/web')).toBe('cluster-outbound');
    expect(peer('self')).toBe('inner');
    expect(relevanceOf({ kind: 'network', direction: 'listen', protocol: 'tcp' }, [])).toBe('listen');
    expect(relevanceOf({ kind: 'network', direction: 'accept', protocol: 'tcp', peer: 'external' }, [])).toBe(
      'inbound',
    );
  });

  it('tells what containers do as a whole by how far it reaches', () => {
    expect(relevanceOf({ kind: 'capability', name: 'CAP_SYS_ADMIN' }, [])).toBe('strong-capability');
    expect(relevanceOf({ kind: 'capability', name: 'CAP_CHOWN' }, [])).toBe('capability');
    expect(relevanceOf({ kind: 'syscall', name: 'ptrace' }, [])).toBe('strong-syscall');
    expect(relevanceOf({ kind: 'syscall', name: 'read' }, [])).toBe('syscall');
  });
});
