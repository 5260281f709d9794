/** Planted faults in how snapshots are sent, received and installed, and in what is bounded in the core. */
import type { Fault } from './fault.ts';

export const snapshotFaults: readonly Fault[] = [
  {
    name: 'snapshots-mixed',
    breaks: "a receiver puts parts of two nodes' snapshots of one index together",
    file: 'packages/raft/src/snapshot-receiver.ts',
    find: `if (this.#receiving?.meta.hash !== meta.hash) {`,
    put: `if (this.#receiving?.meta.index !== meta.index) {`,
    hiddenFromRuns:
      'in runs all nodes write the same bytes for one index: parts of two fit together',
  },
  {
    name: 'snapshot-installed-unverified',
    breaks: 'a damaged snapshot takes the place of log and state',
    file: 'packages/raft/src/snapshot-receiver.ts',
    find: `    if (!isGood) {`,
    put: `    if (!isGood && meta.index < 0) {`,
  },
  {
    name: 'snapshot-verified-before-durable',
    breaks: 'a snapshot is verified, and installed, before its last bytes are on disk',
    file: 'packages/raft/src/snapshot-receiver.ts',
    find: `    if (!this.#core.outbox.isDurable(receiving.lastWriteId)) return undefined;
`,
    put: ``,
  },
  {
    name: 'snapshot-discarded-while-verified',
    breaks: 'another snapshot takes the place of the one that is being verified',
    file: 'packages/raft/src/snapshot-receiver.ts',
    find: `      if (this.#receiving?.isVerifying === true) return; // RCV-3; the leader offers it again.
`,
    put: ``,
  },
  {
    name: 'superfluous-snapshot-installed',
    breaks: 'a snapshot takes away entries behind it that were acknowledged meanwhile',
    file: 'packages/raft/src/snapshot-receiver.ts',
    find: `return meta.index <= commit || log.termAt(meta.index) === meta.term;`,
    put: `return meta.index <= commit || log.lastIndex < 0;`,
  },
  {
    name: 'install-counts-as-durable',
    breaks: 'a log that a snapshot replaces counts as this snapshot before that is on disk',
    file: 'packages/raft/src/raft.ts',
    find: `this.stableIndex = Math.min(this.stableIndex, this.commit);`,
    put: `this.stableIndex = Math.min(this.stableIndex, meta.index);`,
  },
  {
    name: 'log-compacted-under-transfer',
    breaks:
      'the log that follows a snapshot is gone when it arrives: the follower needs the next one, for ever',
    file: 'packages/raft/src/snapshot-sender.ts',
    find: `else kept = Math.min(kept, needed);`,
    put: `else kept = Math.min(kept, keepFrom);`,
  },
  {
    name: 'log-compacted-behind-transfer',
    breaks: 'a follower that has just got a snapshot loses the race with the next one',
    file: 'packages/raft/src/progress.ts',
    find: `this.catchingUp = { idleTicks: 0 };`,
    put: `this.catchingUp = undefined;`,
  },
  {
    name: 'transfer-keeps-any-log',
    breaks: 'a follower that is paused costs the leader a log without bound',
    file: 'packages/raft/src/snapshot-sender.ts',
    find: `if (keptBytes > config.maxKeptBytes || this.#isIdle(peer)) this.#cancel(peer);`,
    put: `if (keptBytes < 0 || this.#isIdle(peer)) this.#cancel(peer);`,
  },
  {
    name: 'transfer-never-cancelled',
    breaks: 'a follower that is gone keeps a snapshot and its log for ever',
    file: 'packages/raft/src/snapshot-sender.ts',
    find: `return idleTicks > this.#core.config.maxTransferIdleTicks;`,
    put: `return idleTicks < 0;`,
    test: 'packages/raft/test/unit/catch-up.test.ts',
  },
  {
    name: 'too-large-entry-proposed',
    breaks:
      'an entry is proposed that no message carries: whoever holds it never commits anything again',
    file: 'packages/raft/src/leader.ts',
    find: `if (data.byteLength > maxEntryBytes) {`,
    put: `if (data.byteLength < 0) {`,
    hiddenFromRuns:
      'the queue of commands makes no larger batch and refuses a larger command before (BOUND-1)',
  },
  {
    name: 'committed-handed-out-at-once',
    breaks: 'all that was committed meanwhile is applied in one turn',
    file: 'packages/raft/src/outputs.ts',
    find: `const maxCommittedEntries = 1000;`,
    put: `const maxCommittedEntries = 1e9;`,
    test: 'packages/raft/test/unit/bounds.test.ts',
  },
  {
    name: 'chunk-without-a-transfer',
    breaks: 'a chunk that was queued before its transfer ended stops the leader',
    file: 'packages/raft/src/outputs.ts',
    find: `message.type !== 'snapshot_chunk' || transfers.includes(message.meta.hash),`,
    put: `message.type !== 'snapshot_chunk' || transfers.length >= 0,`,
  },
  {
    name: 'damaged-copy-sent-for-ever',
    breaks:
      'a leader sends a snapshot that is damaged on its disk again and again, and never looks at it',
    file: 'packages/raft/src/snapshot-sender.ts',
    find: `    this.#core.outputs.suspect(transfer.meta);
`,
    put: ``,
  },
  {
    name: 'no-pause-after-bytes-that-do-not-verify',
    breaks: 'a snapshot that never verifies is sent again without a pause',
    file: 'packages/raft/src/snapshot-sender.ts',
    find: `if (transfer.failures === 1)`,
    put: `if (transfer.failures >= 1)`,
  },
  {
    name: 'own-copy-not-looked-at',
    breaks: 'a node whose own copy of a snapshot is damaged goes on',
    file: 'packages/engine/src/snapshots.ts',
    find: `        if (hash !== meta.hash)
          throw`,
    put: `        if (hash.length !== meta.hash.length)
          throw`,
  },
  {
    name: 'digest-of-the-head-too',
    breaks: 'members that were told of different addresses take each other for damaged',
    file: 'packages/engine/src/snapshot-state.ts',
    find: `    return { state, stateHash: state.isComparable ? stateHash.digest('hex') : undefined };`,
    put: `    return { state, stateHash: state.isComparable ? meta.hash : undefined };`,
  },
  {
    name: 'applied-entries-kept',
    breaks: 'a node that is slower than the load keeps every entry that it has applied',
    file: 'packages/engine/src/apply-queue.ts',
    find: `this.#next >= mostAppliedKept`,
    put: `this.#next >= Number.MAX_SAFE_INTEGER`,
    test: 'packages/engine/test/unit/kept-entries.test.ts',
  },
  {
    name: 'refused-snapshot-keeps-the-state',
    breaks:
      'a disk that refuses a snapshot at once leaves the state in the middle of one, and the next one stops the node',
    file: 'packages/engine/src/snapshots.ts',
    find: `      .finally(() => pieces.return?.())
`,
    put: '',
    test: 'packages/engine/test/unit/snapshots.test.ts',
  },
  {
    name: 'refused-snapshot-asked-for-in-the-same-turn',
    breaks:
      'a backup of a disk that refuses every snapshot asks again and again, and no other work has a turn',
    file: 'packages/engine/src/snapshots.ts',
    find: `      if (saved === undefined)
        await new`,
    put: `      if (now === undefined)
        await new`,
    test: 'packages/engine/test/unit/snapshots.test.ts',
  },
  {
    name: 'partial-snapshot-left-open',
    breaks: 'each snapshot that comes to nothing because the log fails leaves a file open',
    file: 'packages/storage/src/snapshot-files.ts',
    find: `        await partial.shared.release();
        return undefined;`,
    put: `        return undefined;`,
    test: 'packages/storage/test/unit/snapshots.test.ts',
  },
  {
    name: 'too-little-log-kept-for-a-transfer-by-default',
    breaks:
      'with default settings the next snapshot ends the transfer of the one before: a slow follower gets none whole, under load',
    file: 'packages/engine/src/assemble.ts',
    find: `      maxKeptBytes: 256 * mebibyte,`,
    put: `      maxKeptBytes: 32 * mebibyte,`,
    test: 'packages/engine/test/slow/default-settings.test.ts',
  },
  {
    name: 'session-walked-in-one-call',
    breaks:
      'a snapshot of sessions with very many holds stops a node for as long as all of them take',
    file: 'packages/state/src/kernel/snapshot/snapshot.ts',
    find: `this.#walked += line.value * charactersPerWalked;`,
    put: `this.#walked += 0;`,
    test: 'packages/state/test/unit/snapshot.test.ts',
  },
  {
    name: 'snapshot-encoded-in-one-turn',
    breaks:
      'a node that takes a snapshot encodes as much in one turn as the disk likes to be given',
    file: 'packages/engine/src/snapshot-pieces.ts',
    find: `    await new Promise<void>((resolve) => clock.endOfTurn(resolve));`,
    put: ``,
    test: 'packages/engine/test/unit/snapshot-pieces.test.ts',
  },
  {
    name: 'snapshot-without-room-never-tried-again',
    breaks: 'one snapshot for which there was no room is the last one that is tried',
    file: 'packages/engine/src/snapshots.ts',
    find: `    this.#saving = undefined;
    this.notSaved += 1;`,
    put: `    this.notSaved += 1;`,
    hiddenFromRuns: 'a node whose disk is full stops a little later all the same',
    test: 'packages/engine/test/unit/refused-snapshots.test.ts',
  },
  {
    name: 'full-disk-filled-again-by-a-backup',
    breaks: 'a backup writes snapshots on a full disk again and again, and the log finds no room',
    file: 'packages/engine/src/snapshots.ts',
    find: `      if (this.isPausing) throw noRoomForBackup();
`,
    put: ``,
    hiddenFromRuns: 'no backup of a run meets a full disk',
    test: 'packages/engine/test/unit/refused-snapshots.test.ts',
  },
  {
    name: 'snapshot-without-a-state-stops-the-receiver',
    breaks: 'a member that cannot restore a snapshot stops at every start',
    file: 'packages/engine/src/snapshots.ts',
    find: `if (!(error instanceof SnapshotFormatError) || error.isNewer) throw error;`,
    put: `if (error !== undefined) throw error;`,
    hiddenFromRuns: 'each snapshot of a run can be restored',
    test: 'packages/engine/test/unit/refused-snapshots.test.ts',
  },
  {
    name: 'snapshot-of-a-newer-program-fetched-again',
    breaks: 'a member that has to be upgraded fetches snapshots for ever, and does not say why',
    file: 'packages/engine/src/snapshots.ts',
    find: `instanceof SnapshotFormatError) || error.isNewer) throw error;`,
    put: `instanceof SnapshotFormatError)) throw error;`,
    hiddenFromRuns: 'each snapshot of a run can be restored',
    test: 'packages/engine/test/unit/refused-snapshots.test.ts',
  },
  {
    name: 'digests-of-one-member-push-out-the-others',
    breaks: 'a member that tells many hashes keeps a wrong state from being noticed',
    file: 'packages/engine/src/state-digests.ts',
    find: `      for (const oldest of hashes.keys()) {
        hashes.delete(oldest); // DIGEST-7
        break;
      }`,
    put: `      for (const each of this.#known.values())
        for (const oldest of each.keys()) {
          each.delete(oldest);
          break;
        }`,
    hiddenFromRuns: 'members of a run tell few hashes',
    test: 'packages/engine/test/unit/state-digests.test.ts',
  },
  {
    name: 'temporary-file-left-by-a-failed-write',
    breaks: 'files of a disk that refuses pile up, and none is of use',
    file: 'packages/engine/src/durable-file.ts',
    find: `      await this.#disk.remove(temporary).catch(() => undefined); // DFILE-4
`,
    put: ``,
    hiddenFromRuns: 'runs look at no descriptors, and have disks of their own',
    test: 'packages/engine/test/unit/slow-peer-files.test.ts',
  },
  {
    name: 'backup-goes-on-for-a-caller-that-has-gone',
    breaks:
      'callers that hang up and ask again keep payloads, and the places of backups, for two minutes each',
    file: 'packages/engine/src/snapshots.ts',
    find: `await whileWanted(this.openAtLeast(index, present, signal), signal);`,
    put: `await this.openAtLeast(index, present);`,
    hiddenFromRuns: 'nobody hangs up on a backup in runs',
    test: 'packages/engine/test/unit/refused-snapshots.test.ts',
  },
  {
    name: 'payloads-read-for-a-caller-that-has-gone',
    breaks:
      'callers that hang up while a deep queue is read for its hash keep its payloads, and places',
    file: 'packages/engine/src/backup.ts',
    find: `    if (signal?.aborted === true) throw backupCancelled();
    const endMs = source.now() + longestPieceMs;`,
    put: `    const endMs = source.now() + longestPieceMs;`,
    hiddenFromRuns: 'nobody hangs up on a backup in runs',
    test: 'packages/engine/test/unit/backup.test.ts',
  },
  {
    name: 'record-without-end-gathered',
    breaks: 'a damaged snapshot in which no line ends fills the memory of the node that reads it',
    file: 'packages/state/src/kernel/snapshot/restore.ts',
    find: `if (this.#begunLength > maxLineLength)`,
    put: `if (this.#begunLength < 0)`,
    hiddenFromRuns: 'snapshots are not damaged so in runs',
    test: 'packages/state/test/unit/restore.test.ts',
  },
  {
    name: 'head-with-any-number-read',
    breaks: 'a backup with a damaged head begins a cluster at an index that no log has',
    file: 'packages/storage/src/snapshot-head.ts',
    find: `Number.isSafeInteger(value) && value >= 0;`,
    put: `!Number.isNaN(value);`,
    hiddenFromRuns: 'snapshots have good heads in runs',
    test: 'packages/storage/test/unit/snapshot-head.test.ts',
  },
];
