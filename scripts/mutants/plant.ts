/** A complete copy of the checkout with one fault planted at a time; libraries are those of this checkout. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import type { Fault } from './fault.ts';

/** What is made or brought, and what belongs to the checkout alone. */
const leftOut: ReadonlySet<string> = new Set(['node_modules', 'dist', '.git', '.cache', 'data']);

/** The file's text with the fault in it. @throws Error when its place is not there exactly once. */
export function faultyText(root: string, fault: Fault): string {
  const text = readFileSync(join(root, fault.file), 'utf8');
  const pieces = text.split(fault.find);
  if (pieces.length !== 2) {
    throw new Error(
      `"${fault.name}": its place stands ${String(pieces.length - 1)} times in ${fault.file}. Give the fault its new place.`,
    );
  }
  return pieces.join(fault.put);
}

/** Copies everything that a clean checkout has: tests read documents, interface files and settings, too. */
export function copyCheckout(root: string, folder: string): void {
  for (const name of readdirSync(root)) {
    if (leftOut.has(name)) continue;
    cpSync(join(root, name), join(folder, name), {
      recursive: true,
      filter: (source) => !leftOut.has(basename(source)),
    });
  }
  linkLibraries(root, folder);
}

/** Copies what packages run of themselves, which takes a fraction of the time: for programs, not for tests. */
export function copySources(root: string, folder: string): void {
  for (const name of readdirSync(join(root, 'packages'))) {
    const own = join('packages', name);
    for (const part of ['package.json', 'src'])
      if (existsSync(join(root, own, part)))
        cpSync(join(root, own, part), join(folder, own, part), { recursive: true });
  }
  linkLibraries(root, folder);
}

function linkLibraries(root: string, folder: string): void {
  const libraries = join(folder, 'node_modules');
  mkdirSync(join(libraries, '@holdfast'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name === '@holdfast' || name === '.package-lock.json') continue;
    symlinkSync(join(root, 'node_modules', name), join(libraries, name));
  }
  for (const name of readdirSync(join(folder, 'packages'))) {
    symlinkSync(join(folder, 'packages', name), join(libraries, '@holdfast', name));
    // Of libraries that it has in another version than the others.
    const own = join('packages', name, 'node_modules');
    if (existsSync(join(root, own))) symlinkSync(join(root, own), join(folder, own));
  }
}

/** One fault in a copy, planted and taken out as often as wanted; the checkout may change meanwhile. */
export class Planted {
  readonly fault: Fault;
  readonly #path: string;
  readonly #folder: string;
  readonly #sound: string;
  readonly #faulty: string;

  constructor(folder: string, fault: Fault) {
    this.fault = fault;
    this.#folder = folder;
    this.#path = join(folder, fault.file);
    this.#sound = readFileSync(this.#path, 'utf8');
    this.#faulty = faultyText(folder, fault);
  }

  plant(): void {
    writeFileSync(this.#path, this.#faulty);
  }

  heal(): void {
    writeFileSync(this.#path, this.#sound);
  }

  /** What does not compile for what the fault puts there: syntax, and names that stand for nothing. */
  compileErrors(): readonly string[] {
    this.plant();
    const errors = namesUnknownIn(this.#folder, this.fault.file);
    if (errors.length === 0) return errors;
    this.heal();
    const known = new Set(namesUnknownIn(this.#folder, this.fault.file));
    this.plant();
    return errors.filter((error) => !known.has(error));
  }
}

function namesUnknownIn(folder: string, file: string): readonly string[] {
  const options =
    '--ignoreConfig --noEmit --noResolve --target esnext --allowImportingTsExtensions --strict false';
  const { stdout } = spawnSync(
    process.execPath,
    [join(folder, 'node_modules/typescript/bin/tsc'), ...options.split(' '), file],
    { cwd: folder, encoding: 'utf8' },
  );
  // Of its options: nothing was compiled.
  const refused = /error TS5\d{3}: .*/.exec(stdout);
  if (refused !== null) throw new Error(`The compiler did not look at ${file}: ${refused[0]}`);
  return stdout
    .split('\n')
    .map((line) => /error (TS1\d{3}|TS2304|TS2552|TS18004): .*/.exec(line)?.[0] ?? '')
    .filter((error) => error !== '');
}
