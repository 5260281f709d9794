/** A copy of the sources with one fault planted; libraries are those of this checkout. */
import {
  cpSync,
  globSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Fault } from './faults.ts';

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

/** Copies manifests and sources into an empty folder. */
export function copySources(root: string, folder: string): void {
  const files = globSync(['package.json', 'packages/*/package.json'], { cwd: root });
  for (const file of files) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    cpSync(join(root, file), join(folder, file));
  }
  for (const source of globSync('packages/*/src', { cwd: root }))
    cpSync(join(root, source), join(folder, source), { recursive: true });
  linkLibraries(root, folder);
}

function linkLibraries(root: string, folder: string): void {
  const libraries = join(folder, 'node_modules');
  mkdirSync(join(libraries, '@holdfast'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name.startsWith('.') || name === '@holdfast') continue;
    symlinkSync(join(root, 'node_modules', name), join(libraries, name));
  }
  for (const name of readdirSync(join(folder, 'packages')))
    symlinkSync(join(folder, 'packages', name), join(libraries, '@holdfast', name));
}

export function plant(root: string, folder: string, fault: Fault): void {
  writeFileSync(join(folder, fault.file), faultyText(root, fault));
}

export function heal(root: string, folder: string, fault: Fault): void {
  cpSync(join(root, fault.file), join(folder, fault.file));
}
