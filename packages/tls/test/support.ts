/** An authority, certificates in files, and ends of connections for tests. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import { Authority } from '../src/development/index.ts';
import type { KeyPair } from '../src/development/index.ts';
import { Certificates, ServerSecurity } from '../src/index.ts';
import type { CertificateFiles, ServerSecurityOptions, TlsLog } from '../src/index.ts';

export const authority: Authority = await Authority.create({ name: 'Tests', days: 1 });
export const otherAuthority: Authority = await Authority.create({ name: 'Others', days: 1 });
export const hosts: readonly string[] = ['localhost', '127.0.0.1', '::1'];

export const nodeOf = (name: string, by: Authority = authority): Promise<KeyPair> =>
  by.node({ name, hosts, days: 1 });
export const clientOf = (name: string, by: Authority = authority): Promise<KeyPair> =>
  by.client({ name, days: 1 });

export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'holdfast-tls-'));

/** In files of one folder. */
export function filesOf(
  folder: string,
  { certificate, key }: KeyPair,
  revocations?: string,
  by: Authority = authority,
): CertificateFiles {
  const put = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  return {
    certificate: put('own.crt', certificate),
    key: put('own.key', key),
    authority: put('ca.crt', by.pair.certificate),
    revocations: revocations === undefined ? [] : [put('ca.crl', revocations)],
  };
}

export class Lines implements TlsLog {
  readonly all: string[] = [];
  readonly #wakes = new Set<() => void>();
  readonly info = (_fields: object, message: string): void => this.#add(message);
  readonly warn = (_fields: object, message: string): void => this.#add(message);
  readonly error = (_fields: object, message: string): void => this.#add(message);

  #add(message: string): void {
    this.all.push(message);
    for (const wake of this.#wakes) wake();
  }

  /** Resolves when a line like this is there. */
  async find(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = this.all.find((line) => pattern.test(line));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#wakes.delete(wake);
          resolve();
        };
        this.#wakes.add(wake);
      });
    }
  }
}

export async function securityOf(
  files: CertificateFiles,
  changes: Partial<ServerSecurityOptions> = {},
): Promise<{
  readonly security: ServerSecurity;
  readonly certificates: Certificates;
  readonly log: Lines;
}> {
  const log = new Lines();
  const certificates = await Certificates.open({ files, log, everyMs: 20 });
  const security = new ServerSecurity({
    certificates,
    clientCertificates: 'required',
    lowestVersion: '1.2',
    handshakeTimeoutMs: 5000,
    log,
    ...changes,
  });
  return { security, certificates, log };
}

export async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return (server.address() as AddressInfo).port;
}

/** What a client of the test authority connects with. */
export const clientOptions = (
  pair?: KeyPair,
  changes: ConnectionOptions = {},
): ConnectionOptions => ({
  host: '127.0.0.1',
  ca: authority.pair.certificate,
  ...(pair === undefined ? {} : { cert: pair.certificate, key: pair.key }),
  ...changes,
});

/** Sends a line over TLS: what comes back, or undefined where the connection ends without. */
export function ask(port: number, options: ConnectionOptions): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ ...options, port });
    let heard: string | undefined;
    socket.on('secureConnect', () => socket.write('hello\n'));
    socket.on('data', (chunk: Buffer) => {
      heard = (heard ?? '') + chunk.toString('utf8');
      socket.end();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(heard));
  });
}

export const plainTo = (port: number): Socket => connectPlain({ host: '127.0.0.1', port });
