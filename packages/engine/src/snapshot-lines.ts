/** The lines of a snapshot, out of its bytes piece by piece. */
import { maxLineLength, SnapshotFormatError, tooLongLine } from '@holdfast/state';

export class SnapshotLines {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #begun = '';

  /** Those that end in these bytes. @throws SnapshotFormatError */
  push(bytes: Uint8Array): readonly string[] {
    const lines = `${this.#begun}${this.#decode(bytes)}`.split('\n');
    this.#begun = lines.pop() ?? '';
    if (this.#begun.length > maxLineLength) throw tooLongLine();
    return lines;
  }

  #decode(bytes: Uint8Array): string {
    try {
      return this.#decoder.decode(bytes, { stream: true });
    } catch {
      throw new SnapshotFormatError('it is not UTF-8 text');
    }
  }
}
