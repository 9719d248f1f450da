/**
 * The whole loop on a real cluster: chart, agent, operator and samples, from kernel events to finished profiles. One cluster
 * for all of it, so the parts below run in this order: first what is learned, then what survives, at last what remains.
 */
import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import { whyNoCluster } from './cluster.ts';
import { backupTests, moveTests } from './product/backup.ts';
import { checkTests } from './product/check.ts';
import { commonalityTests } from './product/commonality.ts';
import { contentsTests } from './product/contents.ts';
import { deliveryTests } from './product/delivery.ts';
import { learningTests, sealingTests } from './product/learning.ts';
import { faultTests } from './product/faults.ts';
import { lifecycleTests } from './product/lifecycle.ts';
import { refusalTests } from './product/refusals.ts';
import { startTests } from './product/starts.ts';
import { Product } from './product/product.ts';
import { restartTests } from './product/restart.ts';
import { scopeTests } from './product/scope.ts';
import { limitTests, slotTests } from './product/slots.ts';
import { SlotWatch, SpoolWatch } from './product/watches.ts';

const reason = await whyNoCluster();
const product = new Product();
let spool: SpoolWatch | undefined;
let slots: SlotWatch | undefined;

function watching<T>(watch: T | undefined): T {
  if (watch === undefined) throw new Error('the product was not installed');
  return watch;
}

/** So many snapshots as no profile gets here: they stay Learning until a test wants otherwise. */
const settings = {
  profiling: { snapshotPeriod: '10s' },
  learning: { snapshots: 1000, minSnapshotCoverage: '5s' },
  publishing: { interval: '1s' },
};

beforeAll(async () => {
  if (reason !== undefined) return;
  await product.cluster.do('up');
  await product.cluster.product('install');
  await product.configure(settings);
  await product.readerToken();
  spool = new SpoolWatch(product);
  slots = new SlotWatch(product);
  await product.cluster.product('samples');
});

beforeEach(({ skip }) => {
  if (reason !== undefined) skip(reason);
});

afterAll(async () => {
  await slots?.close();
  spool?.close();
  await product.remove();
});

describe('every image is learned', () => {
  learningTests(product);
});
// None of these disturbs another, and each waits most of its time.
describe('what is learned', { concurrent: true }, () => {
  contentsTests(product);
  commonalityTests(product);
  slotTests(product, () => watching(slots));
});
describe('what is unknown', () => {
  checkTests(product);
});
describe('starts', () => {
  startTests(product);
});
describe('scope', () => {
  scopeTests(product);
});
describe('faults', () => {
  faultTests(product, () => watching(spool));
});
describe('refusals', () => {
  refusalTests(product);
});
describe('backup', () => {
  backupTests(product, () => watching(spool));
});
describe('learning ends', () => {
  sealingTests(product);
  deliveryTests(product);
});
describe('move', () => {
  moveTests(product);
});
describe('until the end', () => {
  limitTests(() => watching(slots));
});
describe('restart', () => {
  restartTests(product);
});
describe('release', () => {
  lifecycleTests(product);
});
