/**
 * Certificates, keys, authorities and revocation lists, read from their files and checked before anything uses them.
 *
 * TLS-1: what is used was checked as a whole: the key is that of the certificate, the authorities are authorities, and
 *     every file could be read to its end. Half of a change is no change.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

/** Where they are, as PEM. */
export interface CertificateFiles {
  /** With those that are between it and its authority behind it. */
  readonly certificate: string;
  readonly key: string;
  /** Whose certificates are accepted; empty: nobody's. */
  readonly authority: string;
  /** Revocation lists, one of each authority. Where there are any, a certificate without a valid one is refused. */
  readonly revocations: readonly string[];
}

export interface Material {
  readonly certificate: Buffer;
  readonly key: Buffer;
  readonly authority: Buffer | undefined;
  readonly revocations: readonly Buffer[];
  /** When the certificate ends. */
  readonly endsAtMs: number;
  /** Of the certificate, for people: SHA-256. */
  readonly fingerprint: string;
}

/** A file cannot be used; the message names it and says why. */
export class CertificateError extends Error {
  override readonly name: string = 'CertificateError';
  readonly code = 'certificate_unusable';
}

const maxFileBytes = 16 * 1024 * 1024;

/** @throws CertificateError (TLS-1) */
export async function readMaterial(files: CertificateFiles): Promise<Material> {
  const certificate = await read(files.certificate);
  const key = await read(files.key);
  const trusted = await readTrusted(files);
  const own = checked(files.certificate, () => new X509Certificate(certificate));
  const secret = checked(files.key, () => createPrivateKey(key));
  if (!own.checkPrivateKey(secret))
    throw new CertificateError(
      `${files.key} is not the key of the certificate ${files.certificate}.`,
    );
  const { authority: ca } = trusted;
  checked(files.certificate, () => createSecureContext({ cert: certificate, key, ca }));
  return {
    certificate,
    key,
    ...trusted,
    endsAtMs: own.validToDate.getTime(),
    fingerprint: own.fingerprint256,
  };
}

/** Whose certificates are accepted. @throws CertificateError (TLS-1) */
export async function readTrusted(
  files: Pick<CertificateFiles, 'authority' | 'revocations'>,
): Promise<Pick<Material, 'authority' | 'revocations'>> {
  const authority = files.authority === '' ? undefined : await read(files.authority);
  const revocations: Buffer[] = [];
  for (const path of files.revocations) revocations.push(await read(path));
  if (authority !== undefined) checkAuthorities(files.authority, authority);
  for (const [place, revoked] of revocations.entries())
    checked(files.revocations[place] ?? '', () => createSecureContext({ crl: revoked }));
  return { authority, revocations };
}

function checkAuthorities(path: string, pem: Buffer): void {
  const blocks = pem
    .toString('latin1')
    .match(/-----BEGIN CERTIFICATE-----[^-]+-----END [^-]+-----/g);
  if (blocks === null) throw new CertificateError(`There is no certificate in PEM in ${path}.`);
  for (const block of blocks) {
    const { ca, subject } = checked(path, () => new X509Certificate(block));
    if (!ca)
      throw new CertificateError(
        `${path} holds the certificate of ${subject.replaceAll('\n', ', ')}, which is no authority.`,
      );
  }
}

async function read(path: string): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CertificateError(`${path} cannot be read: ${reason}.`, { cause: error });
  }
  if (bytes.byteLength > maxFileBytes)
    throw new CertificateError(`${path} has more than ${String(maxFileBytes)} bytes.`);
  if (bytes.byteLength === 0) throw new CertificateError(`${path} is empty.`);
  return bytes;
}

function checked<T>(path: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CertificateError(`${path} cannot be used: ${reason}.`, { cause: error });
  }
}
