/**
 * Makes keys, certificates and revocation lists of a development authority: in memory; `folder.ts` keeps them in files.
 *
 * CERT-1: what is made for one use is of no other: the authority signs nothing but certificates and revocation lists,
 *     a member's certificate is of a server and of a client, since members make connections to each other, and a
 *     client's is of a client alone. A client's certificate is therefore never a member's.
 */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
} from '@peculiar/x509';
import type { Extension, JsonGeneralName } from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
type CryptoKey = webcrypto.CryptoKey;

const dayMs = 86_400_000;
/** Clocks of machines differ a little. */
const earlierMs = 300_000;

/** Both as PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** The common name. */
  readonly name: string;
  readonly days: number;
}

export interface NodeCertificateOptions extends CertificateOptions {
  /** Names and addresses under which others reach it, beside its name. */
  readonly hosts: readonly string[];
}

export interface ClientCertificateOptions extends CertificateOptions {
  /** Alternative names beside the common one; none by default. */
  readonly names?: readonly string[];
}

interface Subject {
  readonly name: string;
  readonly days: number;
  readonly usages: readonly Extension[];
}

/** Signs certificates. */
export class Authority {
  readonly #certificate: X509Certificate;
  readonly #key: CryptoKey;
  /** Of the authority itself. */
  readonly pair: KeyPair;

  private constructor(certificate: X509Certificate, key: CryptoKey, pair: KeyPair) {
    this.#certificate = certificate;
    this.#key = key;
    this.pair = pair;
  }

  static async create({ name, days }: CertificateOptions): Promise<Authority> {
    const keys = await newKeys();
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: nameOf(name),
      keys,
      ...validity(days),
      signingAlgorithm: algorithm,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new Authority(certificate, keys.privateKey, await pairOf(certificate, keys.privateKey));
  }

  /** @throws Error for what is no certificate and key of one. */
  static async of(pair: KeyPair): Promise<Authority> {
    const [bytes] = PemConverter.decode(pair.key);
    if (bytes === undefined) throw new Error('there is no key in PEM');
    const key = await webcrypto.subtle.importKey('pkcs8', bytes, algorithm, true, ['sign']);
    return new Authority(new X509Certificate(pair.certificate), key, pair);
  }

  /** Of a member: others reach it there, and it makes connections to them. */
  node({ hosts, ...options }: NodeCertificateOptions): Promise<KeyPair> {
    const names = [...new Set([options.name, ...hosts])];
    return this.#issue({
      ...options,
      usages: [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
        new SubjectAlternativeNameExtension(names.map(alternativeName)),
      ],
    });
  }

  /** Of a program or a person that uses the cluster. */
  client({ names = [], ...options }: ClientCertificateOptions): Promise<KeyPair> {
    const usages: Extension[] = [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])];
    if (names.length > 0)
      usages.push(new SubjectAlternativeNameExtension(names.map(alternativeName)));
    return this.#issue({ ...options, usages });
  }

  /** The certificates of this authority that hold no longer, as PEM. */
  async revocations(certificates: readonly string[], days: number): Promise<string> {
    const list = await X509CrlGenerator.create({
      issuer: this.#certificate.subject,
      thisUpdate: new Date(Date.now() - earlierMs),
      nextUpdate: new Date(Date.now() + days * dayMs),
      entries: certificates.map((pem) => ({
        serialNumber: new X509Certificate(pem).serialNumber,
        revocationDate: new Date(Date.now() - earlierMs),
      })),
      signingAlgorithm: algorithm,
      signingKey: this.#key,
    });
    // With the label that RFC 7468 gives it, which is not that of the library.
    return `${PemConverter.encode(list.rawData, 'X509 CRL')}\n`;
  }

  async #issue({ name, days, usages }: Subject): Promise<KeyPair> {
    const keys = await newKeys();
    const certificate = await X509CertificateGenerator.create({
      subject: nameOf(name),
      issuer: this.#certificate.subjectName,
      publicKey: keys.publicKey,
      signingKey: this.#key,
      signingAlgorithm: algorithm,
      ...validity(days),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
        await AuthorityKeyIdentifierExtension.create(this.#certificate),
        ...usages,
      ],
    });
    return pairOf(certificate, keys.privateKey);
  }
}

/** A structured name: no text in it can become another field. */
const nameOf = (name: string): Name => new Name([{ CN: [name] }]);

const alternativeName = (name: string): JsonGeneralName => ({
  type: isIP(name) === 0 ? 'dns' : 'ip',
  value: name,
});

const validity = (days: number): { readonly notBefore: Date; readonly notAfter: Date } => ({
  notBefore: new Date(Date.now() - earlierMs),
  notAfter: new Date(Date.now() + days * dayMs),
});

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

async function pairOf(certificate: X509Certificate, key: CryptoKey): Promise<KeyPair> {
  const bytes = await webcrypto.subtle.exportKey('pkcs8', key);
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: `${PemConverter.encode(bytes, PemConverter.PrivateKeyTag)}\n`,
  };
}
