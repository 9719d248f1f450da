/** The agents' side of an operator on a loopback port, with a certificate of a CA of its own. */
import 'reflect-metadata';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const dayMs = 86_400_000;

/** Signed by itself: at the same time a CA and the certificate of `127.0.0.1`. */
export async function selfSigned(): Promise<{ cert: string; key: string }> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const cert = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=operator',
    notBefore: new Date(Date.now() - dayMs),
    notAfter: new Date(Date.now() + dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }]),
    ],
  });
  const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { cert: cert.toString('pem'), key };
}

export interface Received {
  readonly line: string;
  readonly authorization: string;
  readonly body: Buffer;
}

export class OperatorServer {
  readonly directory = mkdtempSync(join(tmpdir(), 'wsp-link-'));
  readonly received: Received[] = [];
  /** What to answer, by method and path. */
  answer: (received: Received, response: ServerResponse) => void = (_, response) => void response.writeHead(503).end();
  #server: Server | undefined;

  get caFile(): string {
    return join(this.directory, 'ca.crt');
  }

  get tokenFile(): string {
    return join(this.directory, 'token');
  }

  get url(): URL {
    const address = this.#server?.address();
    if (typeof address !== 'object' || address === null) throw new Error('the server does not listen');
    return new URL(`https://127.0.0.1:${address.port}`);
  }

  async start(port = 0): Promise<void> {
    const { cert, key } = await selfSigned();
    writeFileSync(this.caFile, cert);
    writeFileSync(this.tokenFile, 'first\n');
    this.#server = createServer({ cert, key }, this.#listener());
    await new Promise<void>((resolve) => this.#server?.listen(port, '127.0.0.1', resolve));
  }

  #listener(): RequestListener {
    return (request: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        const received = {
          line: `${method} ${url}`,
          authorization: headers.authorization ?? '',
          body: Buffer.concat(chunks),
        };
        this.received.push(received);
        this.answer(received, response);
      });
    };
  }

  /** Also cuts what is open. */
  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise<void>((resolve) => void this.#server?.close(() => resolve()));
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}
