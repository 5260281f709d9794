/**
 * What a connection that this process opens to a server of another kind is secured with: whose certificates count, which are
 * revoked, and the certificate of its own where it shows one.
 *
 * TLS-8: what was changed is read before the next connection is tried again, and checked as a whole (TLS-1). What cannot be used
 *     changes nothing, and is told.
 */
import type { SecureContextOptions } from 'node:tls';
import type { TlsLog } from './certificates.ts';
import { readMaterial, readTrusted } from './material.ts';
import type { CertificateFiles } from './material.ts';

export type OutgoingMaterial = Readonly<Pick<SecureContextOptions, 'ca' | 'cert' | 'key' | 'crl'>>;

export interface OutgoingCertificateOptions {
  /** Without a certificate none is shown; without an authority those of the platform count. */
  readonly files: CertificateFiles;
  readonly log: Pick<TlsLog, 'error'>;
  /** For whom, in what is logged. */
  readonly use: string;
}

export class OutgoingCertificates {
  readonly #options: OutgoingCertificateOptions;
  #current: OutgoingMaterial;
  #reading: Promise<void> | undefined;

  private constructor(options: OutgoingCertificateOptions, first: OutgoingMaterial) {
    this.#options = options;
    this.#current = first;
  }

  /** @throws CertificateError */
  static async open(options: OutgoingCertificateOptions): Promise<OutgoingCertificates> {
    return new OutgoingCertificates(options, await materialOf(options.files));
  }

  get current(): OutgoingMaterial {
    return this.#current;
  }

  /** Reads the files again (TLS-8). Resolves when it is done, whether or not they can be used. */
  reload(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    const { files, log, use } = this.#options;
    try {
      this.#current = await materialOf(files);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.error({}, `The certificates for ${use} stay as they were: ${reason}`);
    }
  }
}

async function materialOf(files: CertificateFiles): Promise<OutgoingMaterial> {
  const { certificate, key, authority, revocations } =
    files.certificate === ''
      ? { ...(await readTrusted(files)), certificate: undefined, key: undefined }
      : await readMaterial(files);
  return {
    ...(authority === undefined ? {} : { ca: authority }),
    ...(certificate === undefined ? {} : { cert: certificate, key }),
    ...(revocations.length === 0 ? {} : { crl: [...revocations] }),
  };
}
