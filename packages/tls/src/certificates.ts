/**
 * The certificates of a process, read again when their files change or somebody says so.
 *
 * TLS-2: a change that cannot be used changes nothing: the process goes on with what it has, says so, and looks again
 *     when the files change once more. Connections that are open stay as they are.
 */
import { stat } from 'node:fs/promises';
import { readMaterial } from './material.ts';
import type { CertificateFiles, Material } from './material.ts';

export interface TlsLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface CertificatesOptions {
  readonly files: CertificateFiles;
  readonly log: TlsLog;
  /** How often the files are looked at. */
  readonly everyMs?: number;
}

const usualEveryMs = 1000;
const soonMs = 14 * 86_400_000;

export class Certificates {
  readonly #files: CertificateFiles;
  readonly #log: TlsLog;
  readonly #listeners = new Set<(material: Material) => void>();
  readonly #timer: NodeJS.Timeout;
  #current: Material;
  /** What the files were like when they were read last, of use or not. */
  #seen: string;
  #working: Promise<void> | undefined;

  private constructor({ files, log, everyMs }: CertificatesOptions, first: Material, seen: string) {
    this.#files = files;
    this.#log = log;
    this.#current = first;
    this.#seen = seen;
    this.#tellEnd();
    this.#timer = setInterval(() => void this.#look(), everyMs ?? usualEveryMs);
    this.#timer.unref();
  }

  /** @throws CertificateError */
  static async open(options: CertificatesOptions): Promise<Certificates> {
    // Looked at before they are read: what changes meanwhile is read again.
    const seen = await lookAt(options.files);
    return new Certificates(options, await readMaterial(options.files), seen);
  }

  get current(): Material {
    return this.#current;
  }

  /** Calls back with what is used from then on. */
  onReload(listener: (material: Material) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads them now, changed or not. Resolves when it is done. */
  async reload(): Promise<void> {
    await this.#working;
    this.#seen = '';
    await this.#look();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#listeners.clear();
  }

  /** One at a time: a file system that hangs costs one look. */
  #look(): Promise<void> {
    this.#working ??= this.#readWhereChanged().finally(() => {
      this.#working = undefined;
    });
    return this.#working;
  }

  async #readWhereChanged(): Promise<void> {
    const seen = await lookAt(this.#files);
    if (seen === this.#seen) return;
    this.#seen = seen;
    let next: Material;
    try {
      next = await readMaterial(this.#files);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.error({}, `The certificates stay as they were: ${reason}`); // TLS-2
      return;
    }
    this.#current = next;
    const { fingerprint, endsAtMs } = next;
    this.#log.info(
      { fingerprint, ends_at: new Date(endsAtMs).toISOString() },
      'Certificates were read again: new connections use them.',
    );
    this.#tellEnd();
    for (const listener of this.#listeners) listener(next);
  }

  #tellEnd(): void {
    const { endsAtMs } = this.#current;
    if (endsAtMs - Date.now() > soonMs) return;
    this.#log.warn(
      { file: this.#files.certificate, ends_at: new Date(endsAtMs).toISOString() },
      'The certificate ends soon, or has ended: replace its file.',
    );
  }
}

/** What changes with every change of a file, links followed. */
async function lookAt({
  certificate,
  key,
  authority,
  revocations,
}: CertificateFiles): Promise<string> {
  const paths = [certificate, key, authority, ...revocations].filter((path) => path !== '');
  const marks = await Promise.all(
    paths.map(async (path) => {
      try {
        const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
        return [ino, size, mtimeNs, ctimeNs].join(':');
      } catch {
        return 'none';
      }
    }),
  );
  return marks.join(' ');
}
