import { once } from 'node:events';
import { connect, createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { validity } from './authority.ts';
import { advance, bundle, lifetimes, type TlsIdentity } from './identity.ts';

const day = 24 * 3_600_000;
const names = ['operator.security.svc', 'localhost', '127.0.0.1'];

/** Dates in these tests are around today: the TLS library looks at the real clock. */
const today = Date.now();

/** `trusted`, or what an agent with this `ca` has against a server of this identity. */
async function handshake({ serving }: TlsIdentity, ca: string, servername: string): Promise<string> {
  const server = createServer({ cert: serving.cert, key: serving.key }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a port was expected');
  const socket = connect({ port: address.port, host: '127.0.0.1', servername, ca });
  try {
    await once(socket, 'secureConnect');
    return 'trusted';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    socket.destroy();
    server.close();
  }
}

describe('the TLS identity', () => {
  it('is trusted under each of its names and under no other', async () => {
    const identity = await advance(undefined, names, today);
    const ca = bundle(identity);
    expect(await handshake(identity, ca, 'operator.security.svc')).toBe('trusted');
    expect(await handshake(identity, ca, 'localhost')).toBe('trusted');
    expect(await handshake(identity, ca, 'other.security.svc')).toMatch(/does not match/);
    const stranger = await advance(undefined, names, today);
    expect(await handshake(identity, bundle(stranger), 'localhost')).toMatch(/certificate|signature/);
  });

  it('stays as it is while there is nothing to do', async () => {
    const identity = await advance(undefined, names, today);
    expect(await advance(identity, names.toReversed(), today + day)).toBe(identity);
  });

  it('renews the serving certificate in time, and at once for other names, under the same CA', async () => {
    const identity = await advance(undefined, names, today);
    const renewed = await advance(identity, names, today + lifetimes.serving - lifetimes.renewServingBefore + day);
    expect(validity(renewed.serving.cert).validTo).toBeGreaterThan(validity(identity.serving.cert).validTo);
    const renamed = await advance(identity, ['elsewhere'], today);
    expect(await handshake(renamed, bundle(identity), 'elsewhere')).toBe('trusted');
    expect([renewed.current, renamed.current]).toEqual([identity.current, identity.current]);
  });

  it.each([100, 400, 800])('is right again when a clock that was %i days ahead is set right', async (days) => {
    const first = await advance(undefined, names, today);
    const ahead = await advance(await advance(first, names, today + days * day), names, today + (days + 2) * day);
    const right = await advance(ahead, names, today);
    expect(await handshake(right, bundle(right), 'localhost')).toBe('trusted');
    expect(await advance(right, names, today + day)).toBe(right);
  });

  it('never shows an agent a certificate that its bundle of a day ago does not cover', async () => {
    // Begun so long ago that the CA is due now.
    const began = today - (lifetimes.authority - lifetimes.renewAuthorityBefore) - day;
    let identity = await advance(undefined, names, began);
    let read = bundle(identity);
    const authorities = new Set<string>();
    for (let at = today - 2 * day; at <= today + 12 * day; at += 6 * 3_600_000) {
      identity = await advance(identity, names, at);
      authorities.add(identity.current.cert);
      expect(await handshake(identity, read, 'localhost')).toBe('trusted');
      // An agent that reads its bundle once a day.
      if ((at - today) % day === 0) read = bundle(identity);
    }
    expect(authorities.size).toBe(2);
    expect(identity.previous).toBeUndefined();
    expect(identity.next).toBeUndefined();
  });

  it.each<[string, (identity: TlsIdentity) => TlsIdentity]>([
    [
      'a key of another certificate',
      (identity) => ({ ...identity, serving: { ...identity.serving, key: identity.current.key } }),
    ],
    ['no certificate', (identity) => ({ ...identity, current: { cert: 'x', key: 'y' } })],
  ])('begins anew when the Secret holds %s', async (_what, damage) => {
    const identity = await advance(undefined, names, today);
    const repaired = await advance(damage(identity), names, today);
    expect(repaired.current.cert).not.toBe(identity.current.cert);
    expect(await handshake(repaired, bundle(repaired), 'localhost')).toBe('trusted');
  });

  it('begins anew when the CA has expired', async () => {
    const old = await advance(undefined, names, today - lifetimes.authority - day);
    const identity = await advance(old, names, today);
    expect(await handshake(identity, bundle(identity), 'localhost')).toBe('trusted');
  });
});
