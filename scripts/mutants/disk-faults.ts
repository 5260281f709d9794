/** Faults in what a user is told of the disk, and in who may read what is on it. */
import type { Fault } from './faults.ts';

export const diskFaults: readonly Fault[] = [
  {
    name: 'files-for-everybody',
    breaks: 'other users of the machine read ids of sessions from the files',
    file: 'packages/storage/src/private-files.ts',
    find: `export const privateFileMode = 0o600;`,
    put: `export const privateFileMode = 0o644;`,
  },
  {
    name: 'lock-file-left-to-sqlite',
    breaks: 'SQLite makes files that the umask lets everybody read and write',
    file: 'packages/storage/src/lock.ts',
    find: `  makePrivateFile(path);
`,
    put: ``,
  },
  {
    name: 'file-in-the-way-taken-for-a-folder',
    breaks: 'a file where a folder should be is told as something else, by whoever meets it next',
    file: 'packages/storage/src/private-files.ts',
    find: `    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;`,
    put: `    return statSync(path, { throwIfNoEntry: false }) !== undefined;`,
  },
  {
    name: 'cause-left-to-sqlite',
    breaks: '"unable to open database file" is all that a user is told',
    file: 'packages/storage/src/disk-error.ts',
    find: `name === 'SQLITE_FULL' ? 'ENOSPC' : refusalAt(path);`,
    put: `name === 'SQLITE_FULL' ? 'ENOSPC' : undefined;`,
  },
  {
    name: 'wide-files-not-told',
    breaks: 'nobody is told that others can read a folder of a version before',
    file: 'packages/storage/src/private-files.ts',
    find: `const othersMode = 0o077;`,
    put: `const othersMode = 0o007;`,
  },
];
