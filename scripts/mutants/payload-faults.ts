/** Faults in the payloads that stand beside the state. */
import type { Fault } from './fault.ts';

const payloads = 'packages/engine/src/payloads/payloads.ts';
const ended = 'packages/engine/src/payloads/ended-payloads.ts';
const files = 'packages/storage/src/payload-files.ts';
const compaction = 'packages/storage/src/payload-compaction.ts';
const scan = 'packages/storage/src/payload-scan.ts';
const asks = 'packages/engine/src/payloads/payload-asks.ts';
const askedTest = 'packages/engine/test/unit/payload-asks.test.ts';
const troubles = 'packages/storage/test/unit/payload-troubles.test.ts';
const repairs = 'packages/engine/test/unit/payload-repairs.test.ts';

export const payloadFaults: readonly Fault[] = [
  {
    name: 'pops-without-room',
    breaks: 'many pops at once use up the memory of a node',
    file: 'packages/api/src/operations/pop-room.ts',
    find: `    if (this.#isTooLarge(bytes) || own > this.#bounds.mostBytesPerCaller) return false;`,
    put: `    if (own > this.#bounds.mostBytesPerCaller) return false;`,
    test: 'packages/api/test/unit/pop-room.test.ts',
  },
  {
    name: 'one-caller-takes-all-room-of-pops',
    breaks: 'the pops of one caller keep those of all others waiting',
    file: 'packages/api/src/operations/pop-room.ts',
    find: `    if (this.#isTooLarge(bytes) || own > this.#bounds.mostBytesPerCaller) return false;`,
    put: `    if (this.#isTooLarge(bytes)) return false;`,
    test: 'packages/api/test/unit/pop-room.test.ts',
  },
  {
    name: 'payload-gone-when-it-ends',
    breaks: 'a node that starts from its snapshot has not what that names',
    file: ended,
    find: `    if (first === undefined || !this.#mayGo(first)) return false;`,
    put: `    if (first === undefined) return false;`,
  },
  {
    name: 'payload-gone-under-a-reader',
    breaks: 'a backup, or a member that gets a snapshot, lacks payloads that have ended meanwhile',
    file: ended,
    find: `      if (this.isHeld || this.#stopped || !this.#endNext()) return;`,
    put: `      if (this.#stopped || !this.#endNext()) return;`,
  },
  {
    name: 'payloads-kept-without-a-bound',
    breaks: 'a slow reader of a snapshot uses up the memory of a node',
    file: ended,
    find: `    if (this.#count > this.#mostHeld && this.#holds.size > 0) this.#loseHolds();
  }

  /** A snapshot`,
    put: `  }

  /** A snapshot`,
    test: 'packages/engine/test/unit/payloads.test.ts',
    hiddenFromRuns: 'no run ends a million messages while a snapshot is read',
  },
  {
    name: 'later-transfer-without-a-hold',
    breaks: 'a member gets a snapshot without payloads that have ended since its transfer began',
    file: 'packages/engine/src/snapshots.ts',
    find: `hold(() => (this.#release = undefined));`,
    put: `hold(() => undefined);`,
    test: 'packages/engine/test/unit/snapshots.test.ts',
    hiddenFromRuns: 'no run ends a million messages while a snapshot is sent',
  },
  {
    name: 'backup-without-an-end',
    breaks:
      'a reader that takes a chunk a minute keeps an old snapshot, and all that ends, for hours',
    file: 'packages/api/src/http/backups.ts',
    find: `    const cancelDeadline = this.#after(longestSeconds * 1000, () => {`,
    put: `    const cancelDeadline = this.#after(longestSeconds * 1000 * 1000, () => {`,
    test: 'packages/api/test/unit/backups.test.ts',
    hiddenFromRuns: 'runs read their backups at once',
  },
  {
    name: 'payload-given-unverified',
    breaks: 'a consumer works on a payload that the disk has changed',
    file: 'packages/engine/src/payloads/payload-texts.ts',
    find: `  return payloadHash(text) === stored.hash ? text : undefined;`,
    put: `  return text;`,
  },
  {
    name: 'payload-of-a-member-unverified',
    breaks: 'a member that has another payload gives it to others',
    file: 'packages/engine/src/payloads/payload-asks.ts',
    find: `  Buffer.byteLength(text) === byteLength && payloadHash(text) === hash;`,
    put: `  byteLength > 0 && hash !== text.length;`,
  },
  {
    name: 'snapshot-named-before-its-payloads',
    breaks: 'a power cut loses payloads whose log has gone behind a snapshot',
    file: 'packages/storage/src/log-storage.ts',
    find: `    if (await this.payloads.durable()) return true;`,
    put: `    if (!this.#closed) return true;`,
  },
  {
    name: 'received-snapshot-before-its-payloads',
    breaks: 'a power cut after a snapshot was installed loses payloads that it names',
    file: payloads,
    find: `    return !wanted || (await store.durable()) ? named : undefined; // PAYLOAD-1`,
    put: `    return named; // PAYLOAD-1`,
  },
  {
    name: 'all-payloads-sent-with-a-snapshot',
    breaks: 'a member that was away for a moment gets all payloads again',
    file: payloads,
    find: `      if (store.has(stored.id)) continue;`,
    put: `      if (store.has(stored.id) && !wanted) continue;`,
  },
  {
    name: 'payload-file-gone-before-its-copies',
    breaks: 'a power cut while files are made smaller loses payloads',
    file: compaction,
    find: `    if (!(await store.durable())) return;`,
    put: `    if (isOver()) return;`,
  },
  {
    name: 'payload-end-not-told',
    breaks: 'the disk fills up with payloads of messages that are gone',
    file: 'packages/state/src/primitives/queue/keeping.ts',
    find: `  if (message.payload.text === undefined) tables.payloads.ended.push(message.id); // BESIDE-2`,
    put: `  if (message.state === 'dead') tables.payloads.ended.push(message.id); // BESIDE-2`,
  },
  {
    name: 'damaged-payload-dropped-in-silence',
    breaks:
      'a payload that the disk has damaged is dropped when its file is made smaller, and nobody looks for it elsewhere',
    file: compaction,
    find: `      troubles.damaged(file.path, damaged); // PFILE-8`,
    put: ``,
    test: troubles,
  },
  {
    name: 'payload-scan-ends-at-a-damaged-head',
    breaks: 'one damaged byte takes all payloads behind it in its file',
    file: scan,
    find: `      offset += payloadAlignment; // PSCAN-1
      continue;`,
    put: `      return; // PSCAN-1`,
  },
  {
    name: 'payload-torn-copy-counts',
    breaks: 'a copy that the power cut in the middle takes the place of the whole one',
    file: scan,
    find: `    if (places.get(frame.id) !== undefined && !(await isWhole(file, frame, onUnreadable))) continue;`,
    put: `    await isWhole(file, frame, onUnreadable);`,
  },
  {
    name: 'payload-file-that-cannot-be-opened-stops-the-node',
    breaks: 'one bad file of payloads keeps a node from starting',
    file: scan,
    find: `      const opened = await disk.open(path).catch(onUnreadable);`,
    put: `      const opened = await disk.open(path);`,
    test: troubles,
  },
  {
    name: 'durable-waits-for-what-is-put-later',
    breaks: 'under load no payload file is made smaller, and no snapshot is saved',
    file: files,
    find: `      await this.#written.promise;`,
    put: `      await this.#working;`,
    hiddenFromRuns: 'in runs the disk is faster than what is put',
    test: 'packages/storage/test/unit/payload-files.test.ts',
  },
  {
    name: 'payload-files-made-smaller-one-by-one',
    breaks:
      'under load files are made smaller more slowly than others are written, up to their bound',
    file: 'packages/storage/src/payload-waste.ts',
    find: `      return position === 0 || bytes <= mostBytes;`,
    put: `      return position === 0;`,
    hiddenFromRuns: 'in runs the disk is faster than what is put',
    test: 'packages/storage/test/unit/payload-waste.test.ts',
  },
  {
    name: 'short-payload-files-without-a-bound',
    breaks:
      'a node that has started thousands of times stops when it writes a payload, at each start',
    file: 'packages/storage/src/payload-waste.ts',
    find: `  return short.length > mostShortFiles ? short[0] : undefined;`,
    put: `  return short.length > mostFiles ? short[0] : undefined;`,
    hiddenFromRuns: 'no node of a run starts so often',
    test: 'packages/storage/test/unit/payload-files.test.ts',
  },
  {
    name: 'full-payload-files-written-again',
    breaks: 'a node with many messages writes its payloads again without an end',
    file: 'packages/storage/src/payload-waste.ts',
    find: `!isStuck && !hasUnread && liveBytes * 2 < fileBytes;`,
    put: `!isStuck && !hasUnread;`,
    hiddenFromRuns: 'no run has so many files',
    test: 'packages/storage/test/unit/payload-files.test.ts',
  },
  {
    name: 'payload-file-gone-with-what-cannot-be-read',
    breaks: 'a file goes while nobody knows what is in it, for a while later it can be read again',
    file: 'packages/storage/src/payload-waste.ts',
    find: `  if (hasUnread || slot === current?.slot) return false;`,
    put: `  if (slot === current?.slot) return false;`,
    test: troubles,
  },
  {
    name: 'payload-file-that-stays-forgotten',
    breaks: 'files that could not be removed fill the disk until the next start',
    file: 'packages/storage/src/payload-troubles.ts',
    find: `        this.#leftovers.push(file);
        this.#onWarning(`,
    put: `        this.#onWarning(`,
    test: troubles,
  },
  {
    name: 'one-damaged-payload-takes-its-pop',
    breaks: 'messages that were acknowledged by their pop are lost with another one of it',
    file: payloads,
    find: `    if (without === undefined || deliveries.length > 0) return { ...result, deliveries };`,
    put: `    if (without === undefined) return { ...result, deliveries };`,
  },
  {
    name: 'snapshot-of-a-folder-taken-for-a-backup',
    breaks: 'a restored cluster has messages without their payloads',
    file: 'packages/engine/src/restore/backup-file.ts',
    find: `      if (!within.has(id))`,
    put: `      if (id < 0 && !within.has(id))`,
    test: 'packages/engine/test/unit/restore.test.ts',
  },
  {
    name: 'lost-payload-stops-transfers',
    breaks: 'one payload that is damaged everywhere keeps members from every snapshot, for ever',
    file: payloads,
    find: `      if (missing.length > 0 && !isAnswered) continue;`,
    put: `      if (missing.length > 0) continue;`,
  },
  {
    name: 'silence-taken-for-a-denial',
    breaks: 'a member takes a snapshot without payloads that others have and were not asked for',
    file: payloads,
    find: `      if (missing.length > 0 && !isAnswered) continue;`,
    put: ``,
  },
  {
    name: 'payload-lost-while-a-member-is-away',
    breaks: 'the payload of a message is lost while a member that is away has it',
    file: asks,
    find: `others.every((one) => told.denials.get(id)?.has(one) === true)`,
    put: `(told.denials.get(id)?.size ?? 0) > 0`,
    test: repairs,
  },
  {
    name: 'unreadable-disk-denies-payloads',
    breaks: 'a payload is lost while the disk that has it cannot be read for a moment',
    file: payloads,
    find: `isKnown && !store.mayHave(stored.id) ? null : false`,
    put: `isKnown ? null : false`,
    test: repairs,
  },
  {
    name: 'payload-lost-by-one-pass',
    breaks: 'a payload is lost while it goes from one member to another',
    file: 'packages/engine/src/payloads/payload-repairs.ts',
    find: `const passesUntilLost = 2;`,
    put: `const passesUntilLost = 1;`,
    test: repairs,
  },
  {
    name: 'missing-payloads-asked-for-in-a-loop',
    breaks: 'a member whose others are all away asks without a pause that grows',
    file: 'packages/engine/src/payloads/payload-repairs.ts',
    find: `Math.min(longestPauseMs, pauseMs * 2)`,
    put: `firstPauseMs`,
    test: repairs,
  },
  {
    name: 'lost-payload-delivered',
    breaks: 'a consumer gets a message without its payload',
    file: 'packages/state/src/primitives/queue/deliveries.ts',
    find: `    if (passedOver(tables, lane, message)) {`,
    put: `    if (deliveries.length > count && passedOver(tables, lane, message)) {`,
    test: 'packages/state/test/unit/payloads.test.ts',
  },
  {
    name: 'one-pop-passes-over-all-lost-payloads',
    breaks: 'the turn of one pop grows with the number of lost payloads',
    file: 'packages/state/src/primitives/queue/deliveries.ts',
    find: `      passed += 1; // LOST-2`,
    put: `      passed += 0; // LOST-2`,
    test: 'packages/state/test/unit/payloads.test.ts',
  },
  {
    name: 'page-of-dead-letters-waits-beyond-its-call',
    breaks: 'one payload that does not come has a whole page of dead letters refused',
    file: 'packages/engine/src/payloads/payloads.ts',
    find: `const leftMs = Math.max(1, endsMs - this.#parts.clock.now() - answerMs);`,
    put: `const leftMs = endsMs > 0 ? longestReadMs : answerMs;`,
    hiddenFromRuns: 'no run reads dead letters whose payloads do not come',
    test: 'packages/engine/test/unit/payloads.test.ts',
  },
  {
    name: 'texts-counted-by-their-units',
    breaks: 'texts that are not ASCII take more than the bounds of the state let them',
    file: 'packages/state/src/kernel/utf8-length.ts',
    find: `  return read === text.length; // UTF8-1`,
    put: `  return read > 0;`,
    hiddenFromRuns: 'keys and values of runs are ASCII',
    test: 'packages/state/test/unit/utf8-length.test.ts',
  },
  {
    name: 'payloads-measured-unescaped',
    breaks: 'a payload of control characters takes six times the bytes that one may have',
    file: 'packages/api/src/operations/queue-wire.ts',
    find: `payload.length * mostBytesPerUnit + 2`,
    put: `payload.length + 2`,
    test: 'packages/api/test/unit/queue-wire.test.ts',
  },
  {
    name: 'each-page-waits-for-a-member-away',
    breaks:
      'a member that gets a snapshot of a million payloads waits half an hour for one that is away',
    file: asks,
    find: `      if (this.#isInVain(open, told, round === rounds - 1)) break; // PASK-4`,
    put: ``,
    hiddenFromRuns: 'a wait for a member that is away is no fault of a run',
    test: askedTest,
  },
  {
    name: 'who-was-asked-in-vain-never-asked',
    breaks: 'payloads stay missing though the member that came back has them',
    file: asks,
    find: `      if (told.isOver()) break;
      const wantedOfIt`,
    put: `      if (told.isOver()) break;
      if (this.#recent.wasAskedInVain(member)) continue;
      const wantedOfIt`,
    hiddenFromRuns: 'it is forgotten before a run ends',
    test: askedTest,
  },
  {
    name: 'payloads-asked-of-who-has-none-first',
    breaks: 'each page of payloads waits for a member that does not answer before others are asked',
    file: 'packages/engine/src/payloads/recent-answers.ts',
    find: `rankOf(a) - rankOf(b) || `,
    put: ``,
    hiddenFromRuns: 'it is slower, and comes to the same',
    test: askedTest,
  },
];
