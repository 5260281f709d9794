/** Finds what a command line names, as `execvp` does, so that what is missing is told before anything starts. */
import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';

const defaultPath = '/usr/bin:/bin';

/** `missing` and `forbidden` are what a shell tells as 127 and 126. */
export type ProgramFile = 'executable' | 'missing' | 'forbidden';

export function programFile(program: string, path: string | undefined): ProgramFile {
  if (program === '') return 'missing';
  if (program.includes('/')) return fileAt(program);
  const found = (path ?? defaultPath).split(':').map((folder) => fileAt(join(folder, program)));
  if (found.includes('executable')) return 'executable';
  return found.includes('forbidden') ? 'forbidden' : 'missing';
}

function fileAt(path: string): ProgramFile {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 'missing';
  if (!stat.isFile()) return 'forbidden';
  try {
    accessSync(path, constants.X_OK);
    return 'executable';
  } catch {
    return 'forbidden';
  }
}
