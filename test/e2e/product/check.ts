/** What a container does that its profile does not know: asked as people and as pipelines ask. */
import { expect, test } from 'vitest';
import { checkAnswerSchema } from '../../../operator/cli/input/check-answer.ts';
import { within, type Product } from './product.ts';

const image = 'localhost/samples/nginx:stable';

export function checkTests(product: Product): void {
  const { cluster } = product;
  const check = async (...questions: string[]) => cluster.tryWsp('profile', 'check', image, ...questions);

  test('nothing is unknown of a container that taught its profile', async () => {
    const [pod] = await product.pods('samples', 'app.kubernetes.io/name=nginx-stable');
    const text = await check('--pod', `samples/${pod?.name}`);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toMatch(/^[1-9]\d* known, 0 not known\.$/m);
    const json = await check('--container', pod?.containerId ?? '', '-o', 'json');
    expect(json).toMatchObject({ code: 0, stderr: '' });
    expect(checkAnswerSchema.parse(JSON.parse(json.stdout))).toMatchObject({ containers: 1, counts: { unknown: 0 } });
  });

  test('what it does for the first time is listed, with what is near to it', async () => {
    const [pod] = await product.pods('samples', 'app.kubernetes.io/name=nginx-stable');
    const exec = ['-n', 'samples', 'exec', pod?.name ?? '', '--'];
    const since = new Date().toISOString();
    await within(120, async () => {
      // Again and again: between its periods nobody watches the container. The file is no configuration, so nginx ends with an error.
      await cluster.tryKubectl([...exec, 'nginx', '-t', '-c', '/etc/debian_version']);
      await cluster.tryKubectl([...exec, 'cat', '/etc/issue']);
      const { code, stdout } = await check('--since', since, '-o', 'json');
      expect(code).toBe(1);
      const { unknown } = checkAnswerSchema.parse(JSON.parse(stdout));
      expect(unknown).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ kind: 'process', executable: '/usr/bin/cat', lineage: ['/usr/bin/cat'] }),
          expect.objectContaining({
            kind: 'file',
            path: '/etc/debian_version',
            lineage: ['/usr/sbin/nginx'],
            nearest: expect.objectContaining({ kind: 'file', lineage: ['/usr/sbin/nginx'] }) as unknown,
            difference: [expect.objectContaining({ field: 'path', seen: '/etc/debian_version' })],
          }),
        ]),
      );
    });
    const { code, stdout } = await check('--since', since);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ {2}Running \/usr\/bin\/cat is not known; /m);
    expect(stdout).toMatch(
      /^ {2}Reading \/etc\/debian_version by \/usr\/sbin\/nginx is not known; nearest is reading \S+ by \/usr\/sbin\/nginx, which differs in the path\.$/m,
    );
  });
}
