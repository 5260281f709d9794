/**
 * Which file is behind which name, of one set of voters.
 *
 * ONCE-1: a node that is named twice, by two names, has one vote (QUORUM-1 of lease.ts): of two names behind which the same
 *     file was seen last, one counts.
 * ONCE-2: what is remembered is what was seen last. Where nodes swapped their files, or a name was moved to another
 *     node, each name soon stands for the file that is behind it by now: a name whose file another one has is asked
 *     for its own once more, and keeps nobody out for longer than it takes it to answer.
 */
export class Identities {
  readonly #names = new Map<number, string>();
  readonly #files = new Map<string, number>();

  /** @returns the name whose vote this file is: another one where it was seen behind that last. */
  claim(file: number, name: string): string {
    const owner = this.#names.get(file);
    const before = this.#files.get(name);
    // What was behind this name is behind it no more.
    if (before !== undefined && before !== file && this.#names.get(before) === name)
      this.#names.delete(before);
    this.#files.set(name, file);
    if (owner !== undefined) return owner;
    this.#names.set(file, name);
    return name;
  }
}
