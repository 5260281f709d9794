/** Wall clocks of single processes that can be set off (libfaketime); their monotonic clocks go on. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const fakeTimeLibraries = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/faketime/libfaketimeMT.so.1',
];
const fakeTimeLibrary: string | undefined = fakeTimeLibraries.find((path) => existsSync(path));

export class WallClocks {
  readonly #folder: string;
  readonly #names = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  static readonly missing: string | undefined =
    fakeTimeLibrary === undefined ? 'libfaketime is not installed' : undefined;

  /** Of all processes whose clocks can be set. */
  get names(): readonly string[] {
    return [...this.#names];
  }

  set(name: string, offSeconds: number): void {
    writeFileSync(
      this.#fileOf(name),
      `${offSeconds < 0 ? '-' : '+'}${String(Math.abs(offSeconds))}\n`,
    );
  }

  /** What a process is started with, so that its clock can be set. */
  environmentOf(name: string): Record<string, string> {
    if (fakeTimeLibrary === undefined) return {};
    this.#names.add(name);
    this.set(name, 0);
    return {
      LD_PRELOAD: fakeTimeLibrary,
      FAKETIME_TIMESTAMP_FILE: this.#fileOf(name),
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_CACHE_DURATION: '1',
    };
  }

  forget(name: string): void {
    this.#names.delete(name);
  }

  #fileOf(name: string): string {
    return join(this.#folder, `${name}.clock`);
  }
}
