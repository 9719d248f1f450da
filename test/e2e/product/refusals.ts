/** What the operator does not take, from whom, and that it says and counts so. With tokens and containers of the real cluster. */
import { zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { snapshotId, snapshotLimits, type Snapshot } from '../../../core/activity/snapshot.ts';
import { agentAudience } from '../../../core/wire/agent.ts';
import { namespace, type Answer, type Product } from './product.ts';
import { readStore, type StoreCopy } from './store-copy.ts';

const account = 'workload-security-agent';
const stranger = 'node-2';

const packed = (snapshot: Snapshot): Uint8Array => zstdCompressSync(JSON.stringify(snapshot));
const nobody = 'f'.repeat(64);

export function refusalTests(product: Product): void {
  const token = async (of: string, pod?: string, audience: string = agentAudience): Promise<string> => {
    const bound = pod === undefined ? [] : ['--bound-object-kind=Pod', `--bound-object-name=${pod}`];
    return product.cluster.kubectl('-n', namespace, 'create', 'token', of, `--audience=${audience}`, ...bound);
  };
  const upload = async (body: Uint8Array, bearer?: string): Promise<Answer> =>
    product.call({ path: '/agent/v1/snapshots', body, ...(bearer === undefined ? {} : { token: bearer }) });

  let agentToken = '';
  let known: StoreCopy['snapshots'][number];
  beforeAll(async () => {
    agentToken = await token(account, (await product.agentPod()).name);
    const ours = await product.pods('samples', 'app.kubernetes.io/name=nginx');
    const ids = new Set(ours.map(({ containerId }) => containerId));
    const found = (await readStore(product)).snapshots.find(({ snapshot }) => ids.has(snapshot.container.id));
    if (found === undefined) throw new Error('no snapshot of nginx is stored');
    known = found;
  });

  /** Answer, and the reasons under which it was counted, each with how often. */
  async function counted(
    work: () => Promise<Answer>,
  ): Promise<{ status: number; code: string; reasons: string[]; text: string }> {
    const reasons = async (): Promise<Map<string, number>> =>
      new Map([...(await product.metrics())].filter(([name]) => name.startsWith('agent_requests_refused_total{')));
    const before = await reasons();
    const { status, text } = await work();
    const after = await reasons();
    const grown = [...after].filter(([name, value]) => value > (before.get(name) ?? 0));
    const code = /"code":"([^"]*)"/.exec(text)?.[1] ?? '';
    const label = ([name, value]: [string, number]): string =>
      `${/reason="([^"]*)"/.exec(name)?.[1] ?? name} +${value - (before.get(name) ?? 0)}`;
    return { status, code, reasons: grown.map(label), text };
  }

  const refused = (status: number, code: string) => ({ status, code, reasons: [`${code} +1`] });

  describe('by who asks', () => {
    test('nobody', async () => {
      expect(await counted(() => upload(known.bytes))).toMatchObject(refused(401, 'no-token'));
    });
    test('another service account, and cluster-admin', async () => {
      const other = await token('default');
      expect(await counted(() => upload(known.bytes, other))).toMatchObject(refused(403, 'other-account'));
      const reader = await product.readerToken();
      expect(await counted(() => upload(known.bytes, reader))).toMatchObject(refused(401, 'bad-token'));
    });
    test("the agents' account with a token for somebody else", async () => {
      const wrong = await token(account, (await product.agentPod()).name, 'somebody.else');
      expect(await counted(() => upload(known.bytes, wrong))).toMatchObject(refused(401, 'bad-token'));
    });
    test("the agents' account without a node", async () => {
      const unbound = await token(account);
      expect(await counted(() => upload(known.bytes, unbound))).toMatchObject(refused(403, 'no-node'));
    });
  });

  describe('by what is sent', () => {
    test('too much, before and after decompression', async () => {
      const random = Buffer.alloc(snapshotLimits.compressedBytes + 1, 'x');
      expect(await counted(() => upload(random, agentToken))).toMatchObject(refused(413, 'too-large-compressed'));
      const bomb = zstdCompressSync(Buffer.alloc(snapshotLimits.jsonBytes + 1, 0x20));
      expect(await counted(() => upload(bomb, agentToken))).toMatchObject(refused(413, 'too-large-decompressed'));
    });

    test('a container that nobody has seen', async () => {
      const { container, from } = known.snapshot;
      const invented = {
        ...known.snapshot,
        snapshotId: snapshotId(nobody, from),
        container: { ...container, id: nobody },
      };
      const answer = await counted(() => upload(packed(invented), agentToken));
      expect(answer).toMatchObject(refused(403, 'ingest-refused'));
      expect(answer.text).toContain('unverified: the API server never showed such a container');
    });

    test('a period for which nobody asked', async () => {
      const from = known.snapshot.from + 1;
      const unasked = {
        ...known.snapshot,
        from,
        snapshotId: snapshotId(known.snapshot.container.id, from),
        slotId: 'mine',
      };
      const answer = await counted(() => upload(packed(unasked), agentToken));
      expect(answer).toMatchObject(refused(403, 'ingest-refused'));
      expect(answer.text).toContain('slot: this slot was not given to the container on this node');
    });

    test('what is known: answered as a duplicate, and counted once', async () => {
      const series = 'snapshots_total{result="duplicate"}';
      const before = await product.metric(series);
      const { status, text } = await upload(known.bytes, agentToken);
      expect({ status, text }).toEqual({ status: 200, text: '{"result":"duplicate"}' });
      expect(await product.metric(series)).toBe(before + 1);
      const rows = (await readStore(product)).snapshots.filter(({ id }) => id === known.id);
      expect(rows).toHaveLength(1);
    });
  });

  describe('by where it comes from', () => {
    let strangerToken = '';
    // A node that exists by name only, and a pod that claims to run there: the API server vouches for it all the same.
    const objects = `
apiVersion: v1
kind: Node
metadata: { name: ${stranger} }
---
apiVersion: v1
kind: Pod
metadata: { name: ${stranger}, namespace: ${namespace} }
spec:
  nodeName: ${stranger}
  serviceAccountName: ${account}
  containers: [{ name: none, image: none }]
`;
    beforeAll(async () => {
      await product.cluster.apply(objects);
      strangerToken = await token(account, stranger);
    });
    afterAll(async () => {
      await product.cluster.kubectl('-n', namespace, 'delete', 'pod', stranger, '--force', '--grace-period=0');
      await product.cluster.kubectl('delete', 'node', stranger);
    });

    test('a container of another node', async () => {
      const answer = await counted(() => upload(known.bytes, strangerToken));
      expect(answer).toMatchObject(refused(403, 'ingest-refused'));
      expect(answer.text).toContain('node: the API server shows the container on another node');
    });
  });
}
