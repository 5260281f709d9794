/** Faults of the log and its snapshots on disk. */
import type { Fault } from './fault.ts';

export const logFaults: readonly Fault[] = [
  {
    name: 'older-snapshot-replaces-newer',
    breaks: "a node's own snapshot that is done late takes the place of a newer one of the leader",
    file: 'packages/storage/src/snapshot-files.ts',
    find: `if (this.#stopped || (this.#current?.index ?? 0) >= meta.index) return false;`,
    put: `if (this.#stopped) return false;`,
    hiddenFromRuns: 'the newer one stays beside it, and a node that starts again finds it',
  },
  {
    name: 'clearing-up-takes-newer-snapshots',
    breaks: 'what is cleared up behind one snapshot includes a newer one',
    file: 'packages/storage/src/snapshot-files.ts',
    find: `if (meta.index >= than.index || !this`,
    put: `if (meta.index === than.index || !this`,
  },
  {
    name: 'broken-frame-taken-for-the-end',
    breaks: 'damage in the middle of a segment is taken for a write that was cut short',
    file: 'packages/storage/src/scan.ts',
    find: `if (behind !== undefined)`,
    put: `if (behind !== undefined && behind < 0)`,
  },
  {
    name: 'torn-frame-refused',
    breaks: 'a node whose power goes while it writes never starts again',
    file: 'packages/storage/src/scan.ts',
    find: `if (likeness(bytes, end, next) >= 3)`,
    put: `if (likeness(bytes, end, next) >= 3)
      throw new StorageDamagedError(path, 'its last frame is broken');
    if (likeness(bytes, end, next) >= 3)`,
  },
  {
    name: 'torn-frame-taken',
    breaks: 'a write that was cut short counts as a whole one: its checksum is not compared',
    file: 'packages/storage/src/frame.ts',
    find: `crc32(bytes.subarray(offset + 8, offset + byteLength)) === bytes.readUInt32LE(offset + 4)`,
    put: `crc32(bytes.subarray(offset + 8, offset + byteLength)) !== 1`,
  },
  {
    name: 'changed-frame-taken-for-torn',
    breaks: 'a last write that was whole and acknowledged is dropped when a bit of its marks turns',
    file: 'packages/storage/src/scan.ts',
    find: `if (wasWhole(bytes, end, next))`,
    put: `if (bytes.byteLength < 0 && wasWhole(bytes, end, next))`,
  },
  {
    name: 'old-frame-of-recycled-segment-passes',
    breaks: 'frames of an earlier use of a segment are read as if they were written now',
    file: 'packages/storage/src/frame.ts',
    find: `  if (take(bytes, offset + 32) !== place.segment) return undefined;`,
    put: ``,
  },
  {
    name: 'missing-end-not-noticed',
    breaks: 'a log whose last segments are gone starts as if nothing was',
    file: 'packages/storage/src/recover.ts',
    find: `if (before.isSealed && prepared === undefined)`,
    put: `if (before.isSealed && prepared === undefined && before.end < 0)`,
  },
  {
    name: 'segment-sealed-before-the-next-is-there',
    breaks: 'the segment behind a sealed one is prepared twice, and the log cannot be read again',
    file: 'packages/storage/src/segment-log.ts',
    find: `    this.#next = Promise.resolve(next);
`,
    put: ``,
  },
  {
    name: 'seal-says-what-is-not-written-yet',
    breaks:
      'a seal tells of an install whose own frame follows it: a crash between them stops the node for ever',
    file: 'packages/storage/src/segment-log.ts',
    find: `if (byteLength > room && this.#offset > 0) await this.#roll();`,
    put: `if (byteLength > room && this.#offset > 0) {
      this.#state = { hardState: change.hardState, lastIndex: change.lastIndex };
      await this.#roll();
    }`,
  },
  {
    name: 'needed-segment-dropped',
    breaks: 'a segment goes though an entry in it is needed',
    file: 'packages/storage/src/live-segments.ts',
    find: `first.lastLiveIndex < keepFrom`,
    put: `first.lastLiveIndex <= keepFrom`,
  },
  {
    name: 'written-after-a-failed-write',
    breaks:
      'a later write succeeds behind one that failed: there is a hole in what was acknowledged',
    file: 'packages/storage/src/log-storage.ts',
    find: `    if (this.#failed) return;
    this.#failed = true;`,
    put: `    this.#inFlight = 0;`,
  },
  {
    name: 'received-snapshot-installed-unverified',
    breaks: 'chunks of two different snapshots become the current one',
    file: 'packages/storage/src/snapshot-files.ts',
    find: `if ((await hashOf(file, meta.byteLength)) !== meta.hash) return false;`,
    put: ``,
  },
  {
    name: 'snapshot-not-verified-on-start',
    breaks: 'a node starts from a snapshot with a turned bit',
    file: 'packages/storage/src/snapshot-recovery.ts',
    find: `if ((await hashOf(file, byteLength)) !== hash)`,
    put: `if ((await hashOf(file, byteLength)) === '')`,
  },
  {
    name: 'uninstalled-snapshot-counts',
    breaks:
      'a received snapshot whose install was cut short counts, and the log and the votes do not fit it',
    file: 'packages/storage/src/snapshot-recovery.ts',
    find: `received?.index === installedIndex ? received`,
    put: `received !== undefined ? received`,
  },
  {
    name: 'received-snapshot-named-before-its-frame',
    breaks: 'a crash before the frame of an install stops the node for ever: its snapshot is ahead',
    file: 'packages/storage/src/snapshot-files.ts',
    find: `await this.#name(received, meta, true)`,
    put: `await this.#name(received, meta, false)`,
  },
  {
    name: 'snapshot-ahead-of-the-log-passes',
    breaks: 'a log that lost its end, and votes with it, opens with what an own snapshot says',
    file: 'packages/storage/src/replay.ts',
    find: `snapshot.index > this.#lastIndex || snapshot.term > this.#hardState.term`,
    put: `snapshot.index < 0`,
  },
  {
    name: 'fewer-frames-than-a-snapshot-saw-pass',
    breaks: 'a log that lost its end behind a snapshot opens with an older vote',
    file: 'packages/storage/src/open.ts',
    find: `named !== undefined && named.frames > frames`,
    put: `named !== undefined && named.frames < 0`,
  },
  {
    name: 'snapshot-named-before-the-log-covers-it',
    breaks:
      'a leader that applies before its own disk has the entries cannot start again after a crash',
    file: 'packages/storage/src/snapshot-files.ts',
    find: `if (!(await covered())) {`,
    put: `if (!(await Promise.race([covered(), Promise.resolve(true)]))) {`,
    test: 'packages/storage/test/unit/torn.test.ts',
  },
  {
    name: 'snapshot-named-behind-another-entry-of-its-index',
    breaks:
      'a follower that applies in place of a stale tail, before its own disk has truncated it, cannot start again after a crash',
    file: 'packages/storage/src/log-storage.ts',
    find: `    return (this.#parts.terms.termAt(index) ?? term) === term;`,
    put: `    return (this.#parts.terms.termAt(index) ?? term) <= term;`,
    test: 'packages/storage/test/unit/covered-snapshots.test.ts',
  },
  {
    name: 'snapshot-named-though-the-log-failed',
    breaks: 'a node whose disk refused a write while a snapshot was saved can never start again',
    file: 'packages/storage/src/snapshot-files.ts',
    find: `if (this.#stopped || (this.#current`,
    put: `if ((this.#current`,
    test: 'packages/storage/test/unit/snapshots.test.ts',
  },
  {
    name: 'payloads-written-though-the-log-failed',
    breaks: 'a node whose disk refused a write writes on, and a later success hides the hole',
    file: 'packages/storage/src/log-storage.ts',
    find: `    this.payloads.stop();
`,
    put: ``,
    test: 'packages/storage/test/unit/snapshots.test.ts',
  },
  {
    name: 'merged-truncation-forgotten',
    breaks: 'of two merged writes that both truncate only the later one counts',
    file: 'packages/storage/src/merge.ts',
    find: `Math.min(truncateFrom ?? from, from)`,
    put: `from`,
  },
  {
    name: 'log-not-missed',
    breaks: 'a member whose log is gone starts with an empty one and votes',
    file: 'packages/storage/src/open.ts',
    find: `  const found = options.log.made
`,
    put: `  const found = options.log.made && logFiles.some(({ name }) => name.endsWith('.segment'))
`,
  },
  {
    name: 'write-cut-within-the-header-not-named',
    breaks: 'a write that was cut short where the file ends is dropped, and nobody is told',
    file: 'packages/storage/src/frame.ts',
    find: `  const head = Buffer.alloc(headerBytes);
  bytes.copy`,
    put: `  const head = Buffer.alloc(headerBytes);
  if (offset + headerBytes > bytes.byteLength) return 0;
  bytes.copy`,
    test: 'packages/storage/test/unit/torn.test.ts',
  },
  {
    name: 'failed-read-taken-for-damage',
    breaks: 'an operator replaces a disk that could not be read for a moment',
    file: 'packages/storage/src/recover.ts',
    find: `    const bytes = await file.read(0, byteLength);
`,
    put: `    const bytes = await file.read(0, byteLength).catch((error: unknown) => {
      throw new StorageDamagedError(path, String(error));
    });
`,
    test: 'packages/storage/test/unit/read-errors.test.ts',
  },
  {
    name: 'leads-on-with-an-unreadable-snapshot',
    breaks: 'a follower waits for ever for a snapshot that its leader cannot read',
    file: 'packages/engine/src/snapshots.ts',
    find: `      .catch((error: unknown) => this.#options.onFatal(error));
`,
    put: `      .catch(() => undefined);
`,
    test: 'packages/engine/test/unit/snapshots.test.ts',
  },
  {
    name: 'simulated-process-writes-after-its-end',
    breaks: 'a simulated run takes for damage what a process wrote that had ended',
    file: 'packages/storage/src/memory-disk.ts',
    find: `      if (process === this.#endedProcesses) this.#underWay.add(underWay); // MD-4`,
    put: `      if (process <= this.#endedProcesses) this.#underWay.add(underWay);`,
    test: 'packages/storage/test/unit/memory-disk.test.ts',
  },
];
