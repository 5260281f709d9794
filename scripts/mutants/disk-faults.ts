/** Faults in what a user is told of the disk, and in who may read what is on it. */
import type { Fault } from './fault.ts';

export const diskFaults: readonly Fault[] = [
  {
    name: 'made-folder-not-durable',
    breaks: 'the folder of a log is gone when the power goes, with all that was acknowledged in it',
    file: 'packages/storage/src/file-disk.ts',
    find: `await syncFolder(dirname(made)); // FD-2`,
    put: `await stat(made, () => undefined);`,
    test: 'packages/storage/test/unit/folders.test.ts',
  },
  {
    name: 'refusal-of-the-disk-waited-for',
    breaks: 'a leader whose disk refuses, and hangs, misses its heartbeats',
    file: 'packages/storage/src/disk-error.ts',
    find: `      const parts = await askForParts(code, path);`,
    put: `      const parts = partsOf(code, path);`,
    test: 'packages/storage/test/unit/folders.test.ts',
  },
  {
    name: 'files-for-everybody',
    breaks: 'other users of the machine read ids of sessions from the files',
    file: 'packages/storage/src/private-files.ts',
    find: `export const privateFileMode = 0o600;`,
    put: `export const privateFileMode = 0o644;`,
    hiddenFromRuns: 'runs have no files of a system',
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
    hiddenFromRuns: 'runs have no files of a system',
  },
  {
    name: 'wide-files-not-told',
    breaks: 'nobody is told that others can read a folder of a version before',
    file: 'packages/storage/src/private-files.ts',
    find: `const othersMode = 0o077;`,
    put: `const othersMode = 0o007;`,
  },
  {
    name: 'tokens-not-moved-by-a-restore',
    breaks: 'a restored cluster gives tokens that the old one gave after the backup',
    file: 'packages/engine/src/restore/new-beginning.ts',
    find: `const moves = beginning / jump - Math.floor(state.stats().fenceCounter / jump);`,
    put: `const moves = 0;
  if (moves === 0) return;`,
    hiddenFromRuns: 'nothing is restored from a backup in runs',
  },
  {
    name: 'positions-not-moved-by-a-restore',
    breaks: 'who watched the old cluster goes on among other events of the new one',
    file: 'packages/engine/src/restore/new-beginning.ts',
    find: `const enter = entering(state, beginning);`,
    put: `const enter = entering(state, state.index + 1);`,
  },
  {
    name: 'restore-before-not-counted',
    breaks:
      'two clusters out of one backup give the same tokens, though the second was told of the first',
    file: 'packages/engine/src/restore/new-beginning.ts',
    find: `Math.max(fenceCounter, state.index, fenceAbove);`,
    put: `Math.max(fenceCounter, state.index);`,
    hiddenFromRuns: 'nothing is restored from a backup in runs',
  },
  {
    name: 'restore-ends-what-fits-into-an-entry',
    breaks: 'sessions that did not fit into the entries of a restore hold on',
    file: 'packages/engine/src/restore/new-beginning.ts',
    find: `      if (commands.length < sessionsPerEntry) continue;`,
    put: `      if (commands.length < sessionsPerEntry || endedSessions > 300) continue;
      if (endedSessions > 200) break;`,
  },
  {
    name: 'restored-folder-not-marked',
    breaks: 'a node starts, as a new one, on a folder whose restore was cut short',
    file: 'packages/engine/src/restore/restore.ts',
    find: `  await disk.syncFolder(folder);
`,
    put: ``,
  },
  {
    name: 'restore-over-a-folder',
    breaks: 'a restore writes into the folder of another node',
    file: 'packages/engine/src/restore/restore.ts',
    find: `  if (used !== undefined)
`,
    put: `  if (used === undefined)
`,
  },
  {
    name: 'restore-refused-on-a-new-disk',
    breaks: 'nothing is restored into the root of a new file system',
    file: 'packages/engine/src/restore/restore.ts',
    find: `name === 'lost+found' && isFolder;`,
    put: `name === 'lost+found' && !isFolder;`,
  },
  {
    name: 'unfinished-restore-started',
    breaks: 'a node starts on a folder that is not whole',
    file: 'packages/engine/src/restore/unfinished.ts',
    find: `if (existsSync(marker)) throw`,
    put: `if (!existsSync(folder)) throw`,
  },
  {
    name: 'hash-of-a-backup-not-compared',
    breaks: 'a backup with a damaged head is restored',
    file: 'packages/engine/src/restore/backup-file.ts',
    find: `if (wantedHash !== undefined && hash !== wantedHash)`,
    put: `if (wantedHash !== undefined && hash.length !== wantedHash.length)`,
  },
  {
    name: 'backup-failed-after-one-node',
    breaks: 'a node that breaks off ends a backup which the next one would send',
    file: 'packages/cli/src/backup/download.ts',
    find: `      failure = error; // DOWN-2`,
    put: `      throw error;`,
  },
  {
    name: 'path-of-an-endpoint-dropped',
    breaks: 'no backup is made from a node below a path of a reverse proxy',
    file: 'packages/cli/src/backup/download.ts',
    find: 'askUrl(`${url}/cluster/snapshot`,',
    put: `askUrl(new URL('/cluster/snapshot', url).href,`,
  },
  {
    name: 'unfinished-backup-written-over',
    breaks: 'a backup gets the mode of a file that was there, or goes where a link leads',
    file: 'packages/cli/src/backup/download.ts',
    find: `    rmSync(partial, { force: true });
    const descriptor = openPrivateFile(partial, 'wx'); // DOWN-3`,
    put: `    const descriptor = openPrivateFile(partial, 'w');`,
  },
  {
    name: 'file-of-another-backup-named',
    breaks: 'the beginning of another backup gets the name of this one',
    file: 'packages/cli/src/backup/download.ts',
    find: `if (lstatSync(partial).ino !== fstatSync(descriptor).ino)`,
    put: `if (lstatSync(partial).ino === 0 && fstatSync(descriptor).ino === 0)`,
  },
  {
    name: 'backup-stays-without-its-hash',
    breaks: 'a backup whose name may not be durable stays, and nothing beside it tells its hash',
    file: 'packages/cli/src/backup/download.ts',
    find: `  made.push(file);
`,
    put: ``,
  },
  {
    name: 'restored-payloads-not-durable',
    breaks: 'a folder counts as restored whose messages have no payloads after a power cut',
    file: 'packages/engine/src/restore/restore.ts',
    find: `    if (!(await store.durable())) throw notWritten();
`,
    put: ``,
    hiddenFromRuns: 'nothing is restored from a backup in runs',
    test: 'packages/engine/test/unit/restore-payloads.test.ts',
  },
  {
    name: 'unfinished-restore-not-told',
    breaks: 'a full disk ends a restore, and nothing says that the folder is not whole',
    file: 'packages/engine/src/restore/restore.ts',
    find: `throw notWhole(error, folder); // REST-5`,
    put: `throw error;`,
    hiddenFromRuns: 'nothing is restored from a backup in runs',
    test: 'packages/engine/test/unit/restore-payloads.test.ts',
  },
  {
    name: 'restored-folder-whole-before-its-key',
    breaks: 'a folder is whole whose only key of an administrator nobody was told',
    file: 'packages/engine/src/restore/restore.ts',
    find: `  await beforeWhole?.(restored); // REST-7
  await removeDurably(disk, marker);
`,
    put: `  await removeDurably(disk, marker);
  await beforeWhole?.(restored);
`,
    hiddenFromRuns: 'nothing is restored from a backup in runs',
    test: 'packages/engine/test/unit/restore-payloads.test.ts',
  },
  {
    name: 'backup-changed-while-it-is-read',
    breaks: 'a restore takes bytes that have not the hash which was checked',
    file: 'packages/engine/src/restore/backup-file.ts',
    find: `if (sum.digest('hex') !== hash)`,
    put: `if (sum.digest('hex').length !== hash.length)`,
    hiddenFromRuns: 'nothing is restored from a backup in runs',
    test: 'packages/engine/test/unit/restore-payloads.test.ts',
  },
  {
    name: 'backup-over-one-that-was-made-meanwhile',
    breaks: 'a file that somebody made while a backup was fetched is gone',
    file: 'packages/cli/src/backup/download.ts',
    find: `    if (existsSync(file)) throw alreadyThere(file);
    // A`,
    put: `    // A`,
    hiddenFromRuns: 'no backup is fetched into a file in runs',
    test: 'packages/cli/test/unit/backup.test.ts',
  },
  {
    name: 'backup-fetched-for-ever',
    breaks: 'a node that sends a byte now and then keeps who fetches its backup for ever',
    file: 'packages/cli/src/backup/download.ts',
    find: `silence.atLastWithin(longestSeconds * 1000 + marginMs);`,
    put: `silence.atLastWithin(longestTimerMs + marginMs);`,
    hiddenFromRuns: 'no backup is fetched into a file in runs',
    test: 'packages/cli/test/unit/backup.test.ts',
  },
  {
    name: 'restored-under-the-old-name',
    breaks: 'clients and members of the old cluster take the restored one for it',
    file: 'packages/engine/src/restore/restore.ts',
    find: `if (clusterId === options.formerClusterId)`,
    put: `if (clusterId === '')`,
    hiddenFromRuns: 'nothing is restored from a backup in runs',
    test: 'packages/engine/test/unit/restore-payloads.test.ts',
  },
];
