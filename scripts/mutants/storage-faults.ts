/** Planted faults in what the storage does with its files: names, failures, received snapshots. */
import type { Fault } from './fault.ts';

export const storageFaults: readonly Fault[] = [
  {
    name: 'not-synced-where-the-flag-is-missing',
    breaks: 'where O_DSYNC does not make a write durable, nothing does',
    file: 'packages/storage/src/file-disk.ts',
    find: `else if (syncsOnWrite) resolve();`,
    put: `else if (syncsOnWrite || rest >= 0) resolve();`,
  },
  {
    name: 'written-without-the-flag',
    breaks: 'a log on Linux is written without O_DSYNC, and without a sync',
    file: 'packages/storage/src/file-disk.ts',
    find: `constants.O_RDWR | (syncsOnWrite ? constants.O_DSYNC : 0);`,
    put: `constants.O_RDWR;`,
  },
  {
    name: 'next-transfer-before-the-install',
    breaks:
      'a snapshot that is to be installed is discarded for the first chunk of the next one, which was handed over after it',
    file: 'packages/storage/src/log-storage.ts',
    find: `    for (const { snapshotChunks, installSnapshot } of writes) {
      for (const chunk of snapshotChunks ?? []) await snapshots.receive(chunk);
`,
    put: `    for (const { snapshotChunks } of writes)
      for (const chunk of snapshotChunks ?? []) await snapshots.receive(chunk);
    for (const { installSnapshot } of writes) {
`,
  },
  {
    name: 'cut-off-segment-passes',
    breaks:
      'a segment whose file was cut off starts with what is left of it, and with an older vote',
    file: 'packages/storage/src/scan.ts',
    find: `frame.isSeal !== true && frame.fileBytes > bytes.byteLength`,
    put: `frame.fileBytes < 0`,
  },
  {
    name: 'cut-off-segment-without-frames-passes',
    breaks: 'a newest segment that was cut off before its first frame counts as one without writes',
    file: 'packages/storage/src/recover.ts',
    find: `before !== undefined && byteLength < before.nextFileBytes`,
    put: `before !== undefined && byteLength < 0`,
  },
  {
    name: 'large-frame-makes-its-segment-longer-untold',
    breaks: 'a file that was cut off within a large frame counts as a write that was cut short',
    file: 'packages/storage/src/segment-log.ts',
    find: `    if (this.#offset + byteLength > this.#active.byteLength) await this.#grow(byteLength);
`,
    put: ``,
  },
  {
    name: 'older-copy-of-the-log-passes',
    breaks: 'an older copy of the log that is put back lets a member vote twice in a term',
    file: 'packages/storage/src/open.ts',
    find: `if (starts >= (known.starts ?? 0) && frames >= (known.frames ?? 0)) return;`,
    put: `if (frames > 0) return;`,
  },
  {
    name: 'starts-not-in-the-log',
    breaks: 'a log does not say that it was opened once more: a good node is locked out',
    file: 'packages/storage/src/segment-log.ts',
    find: `      await log.append({ ...state, entries: [] }); // FR-4`,
    put: ``,
  },
  {
    name: 'missing-spare-file-stops-the-node',
    breaks: 'a node stops for a spare file that somebody deleted, though it could make a new one',
    file: 'packages/storage/src/segment-log.ts',
    find: `if (error instanceof FileMissingError) continue;`,
    put: ``,
  },
  {
    name: 'identity-written-without-the-lock',
    breaks:
      'of two first starts at once the later one takes the log of the other away from it for ever',
    file: 'packages/engine/src/open.ts',
    find: `  const unlock = await lockFolder(join(options.folder, 'log'));
  try {`,
    put: `  const taken = await lockFolder(join(options.folder, 'log'));
  taken();
  const unlock = (): void => undefined;
  try {`,
    test: 'packages/engine/test/integration/log-identity.test.ts',
  },
  {
    name: 'used-log-begun-anew',
    breaks: 'an older identity that was put back makes a voter forget what it acknowledged',
    file: 'packages/storage/src/unrecorded-log.ts',
    find: `if (sequence > 1) throw`,
    put: `if (sequence < 1) throw`,
  },
  {
    name: 'used-log-converted-over',
    breaks: 'a former log that was put back takes the place of the one that was made of it',
    file: 'packages/storage/src/unrecorded-log.ts',
    find: `      said.hardState.term > term ||
      said.hardState.commit > commit ||
      said.lastIndex > former.lastIndex`,
    put: `      said.hardState.term < 0`,
  },
  {
    name: 'folder-not-synced-after-a-new-name',
    breaks: 'a segment or a snapshot that was acknowledged is gone when the power goes',
    file: 'packages/storage/src/durable-names.ts',
    find: `  await disk.rename(from, to);
  await syncFolder(disk, dirname(to)); // DIR-1`,
    put: `  await disk.rename(from, to);`,
  },
  {
    name: 'folder-not-synced-after-a-removal',
    breaks: 'a segment comes back when the power goes, and those behind it do not',
    file: 'packages/storage/src/durable-names.ts',
    find: `  await disk.remove(path);
  await syncFolder(disk, dirname(path)); // DIR-1`,
    put: `  await disk.remove(path);`,
  },
  {
    name: 'snapshot-of-a-killed-process-not-synced',
    breaks: 'the snapshot that a node started from is gone when the power goes after it',
    file: 'packages/storage/src/snapshot-recovery.ts',
    find: `  await disk.syncFolder(folder);
`,
    put: ``,
  },
  {
    name: 'failed-sync-in-the-background-not-told',
    breaks: 'a node goes on after its disk failed to sync a folder',
    file: 'packages/storage/src/log-storage.ts',
    find: `if (error instanceof DiskFailure) this.#fail(error);`,
    put: `if (error instanceof DiskFailure) return;`,
  },
  {
    name: 'missing-segment-never-counts-as-freed',
    breaks:
      'one segment that is gone already keeps all behind it: the log grows until the disk is full',
    file: 'packages/storage/src/segment-log.ts',
    find: `if (!(error instanceof FileMissingError)) throw error;`,
    put: `throw error;`,
  },
  {
    name: 'superfluous-received-snapshot-kept',
    breaks:
      'a received snapshot that is not needed takes room, and a descriptor, until the next one comes',
    file: 'packages/storage/src/snapshot-files.ts',
    find: `received.meta.index <= than.index && isIdle(received)`,
    put: `received.meta.index < 0 && isIdle(received)`,
  },
  {
    name: 'received-snapshot-gone-before-it-is-read',
    breaks: 'a snapshot that was verified is not there when the state is to be restored from it',
    file: 'packages/storage/src/snapshot-files.ts',
    find: `shared.isUnread && (!isVerified || wasOpened)`,
    put: `shared.isUnread || isVerified || wasOpened`,
  },
  {
    name: 'late-chunk-taken-for-damage',
    breaks: 'a chunk of a snapshot that the own log has passed stops the node',
    file: 'packages/storage/src/snapshot-files.ts',
    find: `    if (meta.index <= (this.#current?.index ?? 0)) return;
`,
    put: ``,
  },
  {
    name: 'snapshot-released-twice',
    breaks: 'the descriptor of a snapshot is closed under its reader',
    file: 'packages/storage/src/snapshot-files.ts',
    find: `    this.#held.clear();
    this.#received = undefined;
    await closeAll(
      files.map(
        ({ shared }) =>
          () =>
            shared.release(),
      ),
    );`,
    put: `    await closeAll(files.map(({ shared }) => () => shared.release()));
    this.#held.clear();
    this.#received = undefined;`,
  },
  {
    name: 'unlinked-snapshots-not-counted',
    breaks: 'the room that snapshots take which are still read is not seen',
    file: 'packages/storage/src/snapshot-files.ts',
    find: `if (!shared.isClosed) sum += meta.byteLength;`,
    put: `if (shared.isClosed) sum += meta.byteLength;`,
  },
  {
    name: 'folder-kept-by-a-failed-start',
    breaks:
      'a node whose address is taken keeps its folder locked, and is refused when it tries again',
    file: 'packages/engine/src/open.ts',
    find: `    // Whoever tries again, in this process too, must find the folder free.
    await closeBehind(error, opened.storage.close());
`,
    put: ``,
    test: 'packages/engine/test/integration/log-identity.test.ts',
  },
  {
    name: 'conversion-not-awaited',
    breaks:
      'a log that was made of the format before is not all on the disk when the identity says that it was made',
    file: 'packages/storage/src/convert.ts',
    find: `    await append(log, hardState, entries, base);`,
    put: `    append(log, hardState, entries, base).catch(() => undefined);`,
    test: 'packages/storage/test/unit/convert.test.ts',
  },
  {
    name: 'half-of-each-segment-empty',
    breaks:
      'a node that catches up writes frames of which each takes a segment, and fills twice the disk with zeros meanwhile',
    file: 'packages/storage/src/log-storage.ts',
    find: `const maxMergedBytes = 2 * 1024 * 1024;`,
    put: `const maxMergedBytes = 4 * 1024 * 1024;`,
    test: 'packages/storage/test/unit/log.test.ts',
  },
  {
    name: 'no-room-for-a-snapshot-stops-the-node',
    breaks: 'all members save at the same entry: where their disks are full they stop together',
    file: 'packages/storage/src/snapshot-not-saved.ts',
    find: `return isShortage(cause) ? cause : undefined;`,
    put: `return cause === undefined && isShortage(cause) ? cause : undefined;`,
    hiddenFromRuns: 'a node whose disk is full stops a little later all the same',
    test: 'packages/storage/test/unit/full-disk.test.ts',
  },
  {
    name: 'failed-sync-taken-for-a-shortage',
    breaks: 'a node goes on after a sync that failed, and nobody knows what it left behind',
    file: 'packages/storage/src/disk-error.ts',
    find: ` && call !== 'fsync' && call !== 'fdatasync';`,
    put: `;`,
    hiddenFromRuns: 'runs look at no descriptors, and have disks of their own',
    test: 'packages/storage/test/unit/full-disk.test.ts',
  },
  {
    name: 'snapshot-of-a-failed-disk-left-open',
    breaks: 'a start that fails while it converts keeps a file open',
    file: 'packages/storage/src/snapshot-files.ts',
    find: `      else await partial?.shared.release().catch(() => undefined); // SFILE-8
`,
    put: ``,
    hiddenFromRuns: 'runs look at no descriptors, and have disks of their own',
    test: 'packages/storage/test/unit/full-disk.test.ts',
  },
  {
    name: 'failed-start-keeps-a-snapshot-open',
    breaks: 'each start that fails in one process keeps a file open, until there are too many',
    file: 'packages/storage/src/open.ts',
    find: `    await snapshots.close().catch(() => undefined);
`,
    put: ``,
    hiddenFromRuns: 'runs look at no descriptors, and have disks of their own',
    test: 'packages/storage/test/unit/closing.test.ts',
  },
  {
    name: 'failed-start-keeps-a-segment-open',
    breaks: 'each segment that gets no name keeps its file open',
    file: 'packages/storage/src/segment-log.ts',
    find: `    await file.close().catch(() => undefined);
`,
    put: ``,
    hiddenFromRuns: 'runs look at no descriptors, and have disks of their own',
    test: 'packages/storage/test/unit/closing.test.ts',
  },
  {
    name: 'failed-conversion-keeps-files-open',
    breaks: 'each conversion that fails in one process keeps files open',
    file: 'packages/storage/src/convert.ts',
    find: `    await snapshots.close().catch(() => undefined);
`,
    put: ``,
    hiddenFromRuns: 'runs look at no descriptors, and have disks of their own',
    test: 'packages/storage/test/unit/convert.test.ts',
  },
  {
    name: 'one-file-that-cannot-be-closed-keeps-the-others',
    breaks: 'a file that cannot be closed keeps others open',
    file: 'packages/storage/src/close-all.ts',
    find: `failed ??= { error };`,
    put: `throw error;`,
    hiddenFromRuns: 'runs look at no descriptors, and have disks of their own',
    test: 'packages/storage/test/unit/closing.test.ts',
  },
  {
    name: 'folder-kept-where-a-file-cannot-be-closed',
    breaks: 'a file that cannot be closed keeps the folder locked as long as the process lives',
    file: 'packages/storage/src/log-storage.ts',
    find: `      this.#endWatch?.();
      unlock();`,
    put: `      this.#endWatch?.();
      if (log.starts < 0) unlock();`,
    hiddenFromRuns: 'runs look at no descriptors, and have disks of their own',
    test: 'packages/storage/test/unit/closing.test.ts',
  },
  {
    name: 'zeros-left-on-a-full-disk',
    breaks: 'a segment that could not be filled takes the room that is left',
    file: 'packages/storage/src/file-disk.ts',
    find: `      await unlinkAsync(path).catch(() => undefined); // FD-4
`,
    put: ``,
    hiddenFromRuns: 'runs look at no descriptors, and have disks of their own',
    test: 'packages/storage/test/unit/durable-write.test.ts',
  },
  {
    name: 'descriptor-kept-where-a-file-cannot-be-opened',
    breaks: 'each start on a disk that fails keeps a descriptor',
    file: 'packages/storage/src/file-disk.ts',
    find: `    if (descriptor !== undefined) await closeAsync(descriptor).catch(() => undefined);
`,
    put: ``,
    hiddenFromRuns: 'runs look at no descriptors, and have disks of their own',
    test: 'packages/storage/test/unit/durable-write.test.ts',
  },
  {
    name: 'short-write-taken-for-whole',
    breaks: 'a write of which the disk took a part is acknowledged',
    file: 'packages/storage/src/file-disk.ts',
    find: `else if (written < rest) from`,
    put: `else if (written < 0) from`,
    hiddenFromRuns: 'runs look at no descriptors, and have disks of their own',
    test: 'packages/storage/test/unit/durable-write.test.ts',
  },
  {
    name: 'rest-of-a-short-write-in-its-place',
    breaks: 'what follows a short write is written over what the disk took',
    file: 'packages/storage/src/file-disk.ts',
    find: `start, rest, position + start,`,
    put: `start, rest, position,`,
    hiddenFromRuns: 'runs look at no descriptors, and have disks of their own',
    test: 'packages/storage/test/unit/durable-write.test.ts',
  },
  {
    name: 'folder-of-a-node-not-synced-at-its-start',
    breaks:
      'a folder whose maker was killed is gone with the power, with all that was acknowledged in it',
    file: 'packages/storage/src/open.ts',
    find: `  await syncWherePossible(dirname(folder)); // FD-5
`,
    put: ``,
    hiddenFromRuns: 'runs look at no descriptors, and have disks of their own',
    test: 'packages/storage/test/unit/folders.test.ts',
  },
  {
    name: 'memory-for-a-segment-of-any-length',
    breaks: 'a damaged file system stops a start for want of memory, and no file is named',
    file: 'packages/storage/src/recover.ts',
    find: `if (byteLength > longestBytes)`,
    put: `if (byteLength < 0)`,
    hiddenFromRuns: 'runs look at no descriptors, and have disks of their own',
    test: 'packages/storage/test/unit/long-segments.test.ts',
  },
  {
    name: 'memory-of-writes-not-used-again',
    breaks: 'each write of the log takes new memory, for which the collector stops the process',
    file: 'packages/storage/src/kept-buffer.ts',
    find: `    if (byteLength > this.#buffer.byteLength) {`,
    put: `    if (byteLength > 0) {`,
    hiddenFromRuns: 'it costs time alone',
    test: 'packages/storage/test/unit/kept-buffer.test.ts',
  },
  {
    name: 'memory-of-the-longest-write-kept',
    breaks: 'a node keeps as much memory as its longest write ever took',
    file: 'packages/storage/src/kept-buffer.ts',
    find: `    if (byteLength > this.#mostBytes) return Buffer.allocUnsafe(byteLength); // KEPT-BUFFER-2`,
    put: `    if (byteLength > this.#mostBytes) this.#buffer = Buffer.allocUnsafe(byteLength);`,
    hiddenFromRuns: 'it costs memory alone',
    test: 'packages/storage/test/unit/kept-buffer.test.ts',
  },
];
