/**
 * A capture that a rule wants opens from, for as long as nothing else in the agent does: observes the containers of a pod and
 * approves opens by base name. Says "ready"; ends with SIGTERM, and then says what it has counted.
 *
 *     WSP_TRACEFS=… WSP_BLOBS=… node hack/bench/ruled-capture.ts CGROUP_OF_THE_POD BASE_NAME
 */
import { statSync } from 'node:fs';
import { openCapture } from '../../agent/kernel/open-capture.ts';

const [pod = '', name = ''] = process.argv.slice(2);
const { WSP_TRACEFS: tracefs = '', WSP_BLOBS: blobFolder = '' } = process.env;

const ended = new AbortController();
process.once('SIGTERM', () => ended.abort());

const capture = await openCapture({ tracefs, blobFolder });
capture.watchChildren(statSync(pod, { bigint: true }).ino);
capture.approve([{ record: 'open', name }]);
console.log('ready');
while (!ended.signal.aborted) {
  await capture.wait(100);
  while (capture.drain(() => undefined) > 0);
}
const { emitted, ringDrops } = capture.counters();
console.log(JSON.stringify({ emitted, ringDrops }));
capture.close();
