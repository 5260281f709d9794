import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LogMissingError, StorageDamagedError } from '../../src/index.ts';
import { framesIn, logIdBytes } from '../../src/parts.ts';
import {
  entry,
  fill,
  hardState,
  indexes,
  logId,
  LogInMemory,
  membership,
  noRandomness,
  range,
  segmentPath,
  settle,
} from '../log-in-memory.ts';

const frames = (log: LogInMemory, segment: number): ReturnType<typeof framesIn> =>
  framesIn(log.files.bytes(segmentPath(segment)), { logId: logIdBytes(logId), segment });

describe('A log whose last write was cut short', () => {
  it('forgets that write, names it, and keeps all in front of it, wherever it was cut', async () => {
    // Given a log of five writes
    const log = new LogInMemory();
    await fill(await log.open(), 1, 5);
    const last = frames(log, 1).at(-1) ?? assert.fail();
    for (let kept = 0; kept < last.byteLength; kept++) {
      // When only the first bytes of the last one reached the disk
      const torn = log.copy();
      torn.files.bytes(segmentPath(1)).fill(0, last.offset + kept, last.offset + last.byteLength);
      if (torn.files.bytes(segmentPath(1)).equals(log.files.bytes(segmentPath(1)))) continue;
      const opened = await torn.open();
      // Then the others are there, and what can be recognised as the rest of a write is named
      assert.deepEqual(indexes(opened), range(1, 4), `${String(kept)} bytes`);
      if (kept >= 48) assert.match(opened.repairs[0] ?? '', /cut short/, `${String(kept)} bytes`);
      // And the log goes on from there
      await fill(opened, 5, 7);
      const after = await torn.reopen();
      assert.deepEqual(indexes(after), range(1, 7));
      assert.deepEqual(after.repairs, []);
    }
  });

  it('names it also where the file ends with it, within its header', async () => {
    // Given a write larger than a segment, and behind it a seal, which makes the file longer
    const log = new LogInMemory();
    log.segments = { segmentBytes: 1024, maxSpares: 1 };
    const opened = await log.open();
    await fill(opened, 1, 1, 'x'.repeat(2000));
    const whole = log.copy();
    await fill(opened, 2, 2);
    const seal = frames(log, 2).at(-1) ?? assert.fail();
    assert.equal(seal.offset, whole.files.bytes(segmentPath(2)).byteLength);
    for (let kept = 48; kept < seal.byteLength; kept++) {
      // When only its first bytes reached the disk
      const torn = whole.copy();
      const sealed = log.files.bytes(segmentPath(2));
      torn.files.put(segmentPath(2), sealed.subarray(0, seal.offset + kept));
      // Then it is named, and the log goes on from there
      const again = await torn.open();
      assert.deepEqual(indexes(again), [1], `${String(kept)} bytes`);
      assert.match(again.repairs[0] ?? '', /cut short/, `${String(kept)} bytes`);
      await fill(again, 2, 5);
      assert.deepEqual(indexes(await torn.reopen()), range(1, 5));
    }
  });

  it('is not misled by what an earlier use left behind in a recycled segment', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 120);
    const saved = await opened.storage.saveSnapshot(
      { index: 110, term: 1, membership: { members: [] } },
      [new Uint8Array(10)],
    );
    opened.storage.forgetBefore(111, saved?.hash ?? '');
    await fill(opened, 121, 200);
    assert.ok(!log.files.paths.includes(segmentPath(1)));
    const newest = log.files.paths.filter((path) => path.endsWith('.segment'));
    assert.ok(newest.length >= 2);
    const after = await log.reopen();
    assert.equal(indexes(after).at(-1), 200);
    assert.deepEqual(after.repairs, []);
  });
});

describe('A log with a turned bit', () => {
  it('is refused, or the bit is in the last write, which is forgotten', async () => {
    // Given a small log over two segments
    const log = new LogInMemory();
    log.segments = { segmentBytes: 1024, maxSpares: 1 };
    await fill(await log.open(), 1, 8);
    const whole = frames(log, 1);
    const second = frames(log, 2);
    assert.ok(whole.length > 3 && second.length > 1);
    const last = second.at(-1) ?? assert.fail();
    let refused = 0;
    for (const [segment, ends] of [
      [1, whole],
      [2, second],
    ] as const) {
      const end = (ends.at(-1)?.offset ?? 0) + (ends.at(-1)?.byteLength ?? 0);
      for (let position = 0; position < end; position++) {
        // When any one bit of it turns
        const turned = log.copy();
        const bytes = turned.files.bytes(segmentPath(segment));
        bytes[position] = (bytes[position] ?? 0) ^ (1 << (position % 8));
        const where = `segment ${String(segment)}, byte ${String(position)}`;
        try {
          const opened = await turned.open();
          // Then it is in the last write, which is named
          assert.ok(segment === 2 && position >= last.offset, where);
          assert.deepEqual(indexes(opened), range(1, 7));
          assert.match(opened.repairs[0] ?? '', /cut short/, where);
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          assert.ok(error instanceof StorageDamagedError, `${where}: ${String(error)}`);
          refused += 1;
          assert.match(error.message, /Nothing was changed/);
        }
      }
    }
    assert.ok(refused > 1000);
  });

  it('in the marks of the last write is refused, for that write was whole', async () => {
    const log = new LogInMemory();
    await fill(await log.open(), 1, 3);
    const last = frames(log, 1).at(-1) ?? assert.fail();
    // Checksum, length, log, segment, sequence
    for (const position of [4, 7, 8, 11, 16, 31, 32, 40]) {
      const turned = log.copy();
      const bytes = turned.files.bytes(segmentPath(1));
      const at = last.offset + position;
      bytes[at] = (bytes[at] ?? 0) ^ 2;
      await assert.rejects(turned.open(), StorageDamagedError, `byte ${String(position)}`);
    }
  });
});

describe('A segment whose file was cut off', () => {
  it('is refused, wherever it ends, though no snapshot tells of what is missing', async () => {
    // Given a log over two segments, the second with room
    const log = new LogInMemory();
    await fill(await log.open(), 1, 30);
    await settle();
    const [whole, last] = [frames(log, 1), frames(log, 2)];
    assert.ok(whole.length > 3 && last.length > 1 && frames(log, 3).length === 0);
    for (const segment of [1, 2])
      for (const byteLength of [0, 1, 200, 1000, 2048, 4095]) {
        const cut = log.copy();
        const path = segmentPath(segment);
        cut.files.put(path, cut.files.bytes(path).subarray(0, byteLength));
        // And the next one was not prepared yet
        cut.files.remove(segmentPath(3));
        await assert.rejects(
          cut.open(),
          (error) => error instanceof StorageDamagedError || error instanceof LogMissingError,
          `segment ${String(segment)}, ${String(byteLength)} bytes`,
        );
      }
  });

  it('is refused also where a frame made it longer than a segment is', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 3);
    await fill(opened, 4, 4, 'x'.repeat(10_000));
    await settle();
    const whole = log.files.bytes(segmentPath(2));
    assert.ok(whole.byteLength > 10_000);
    for (const byteLength of [4095, 4096, 8000, whole.byteLength - 1]) {
      const cut = log.copy();
      cut.files.put(segmentPath(2), whole.subarray(0, byteLength));
      cut.files.remove(segmentPath(3));
      await assert.rejects(cut.open(), StorageDamagedError, `${String(byteLength)} bytes`);
    }
    assert.deepEqual(indexes(await log.reopen()), range(1, 4));
  });

  it('starts where the power went while it was made longer', async () => {
    for (let steps = 0; steps < 12; steps++) {
      const log = new LogInMemory();
      const opened = await log.open();
      await fill(opened, 1, 3);
      await settle();
      log.steps = steps;
      void fill(opened, 4, 4, 'x'.repeat(10_000));
      await settle();
      log.steps = Number.POSITIVE_INFINITY;
      log.files.cutPower(steps % 2 === 0 ? noRandomness : { below: () => 1 });
      const after = await log.open();
      const last = indexes(after).at(-1) ?? 0;
      assert.ok(last === 3 || last === 4);
      await fill(after, last + 1, last + 40);
      assert.equal(indexes(await log.reopen()).at(-1), last + 40);
    }
  });
});

describe('A log that lost its end', () => {
  it('is refused for the snapshot that was saved later, wherever it ends now', async () => {
    // Given a log whose snapshot ends at entry 3, and was saved when five writes were durable
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 5);
    await opened.storage.saveSnapshot({ index: 3, term: 1, membership }, [new Uint8Array(10)]);
    await fill(opened, 6, 7);
    const all = frames(log, 1);
    // Making the log is a write too
    for (const { offset } of all.slice(1, 6)) {
      // When everything from some write on is zeros
      const lost = log.copy();
      lost.files.bytes(segmentPath(1)).fill(0, offset);
      // Then it is refused, whether or not the entries still reach up to the snapshot
      await assert.rejects(
        lost.open(),
        (error) => error instanceof StorageDamagedError && /missing/.test(error.message),
        `from byte ${String(offset)}`,
      );
    }
    assert.deepEqual(indexes(await log.copy().open()), range(1, 7));
  });

  it('is refused for a snapshot that it does not reach, though its name tells nothing', async () => {
    const log = new LogInMemory();
    const opened = await log.open();
    await fill(opened, 1, 5);
    await opened.storage.saveSnapshot({ index: 5, term: 1, membership }, [new Uint8Array(10)]);
    const path = log.files.paths.find((one) => one.endsWith('.snapshot')) ?? assert.fail();
    log.files.put(path.replace(/-\d+\.snapshot$/, '-000000000000.snapshot'), log.files.bytes(path));
    log.files.remove(path);
    assert.deepEqual(indexes(await log.copy().open()), range(1, 5));
    log.files.bytes(segmentPath(1)).fill(0, frames(log, 1).at(-1)?.offset);
    await assert.rejects(log.reopen(), /though this node saved a snapshot at entry 5/);
  });

  it('was never behind its snapshots: they wait for what is being written', async () => {
    for (let steps = 0; steps < 24; steps++) {
      // Given a leader that applies what the others made durable, and its own disk is still at
      const log = new LogInMemory();
      const opened = await log.open();
      log.steps = steps;
      for (const index of [1, 2, 3]) {
        const entries = [entry(index, 1, 'x'.repeat(10_000))];
        void opened.storage.write({ id: index, hardState: hardState(0), entries });
        // Each is a frame of its own
        await Promise.resolve();
        await Promise.resolve();
      }
      const point = { index: 3, term: 1, membership };
      void opened.storage.saveSnapshot(point, [new Uint8Array(10)]).catch(() => undefined);
      await settle();
      log.steps = Number.POSITIVE_INFINITY;
      // When the power goes, then it starts all the same
      const after = await log.reopen();
      assert.ok((after.recovered?.snapshot.index ?? 0) <= (indexes(after).at(-1) ?? 0));
    }
  });
});

describe('A log with a file missing', () => {
  async function threeSegments(): Promise<LogInMemory> {
    const log = new LogInMemory();
    await fill(await log.open(), 1, 60);
    assert.ok(frames(log, 3).length > 0 && frames(log, 4).length === 0);
    return log;
  }

  it('is refused, whichever segment with writes it is', async () => {
    for (const segment of [1, 2, 3]) {
      const log = await threeSegments();
      log.files.remove(segmentPath(segment));
      await assert.rejects(log.reopen(), StorageDamagedError, `segment ${String(segment)}`);
    }
  });

  it('is refused when its last segments are gone, for the one in front is sealed', async () => {
    const log = await threeSegments();
    for (const segment of [3, 4]) log.files.remove(segmentPath(segment));
    await assert.rejects(log.reopen(), /ends with a seal/);
  });

  it('does not miss the segment that was only prepared', async () => {
    const log = await threeSegments();
    log.files.remove(segmentPath(4));
    assert.deepEqual(indexes(await log.reopen()), range(1, 60));
  });

  it('is missing itself when no segment is left, and the text tells how to recover', async () => {
    const log = await threeSegments();
    for (const segment of [1, 2, 3, 4]) log.files.remove(segmentPath(segment));
    await assert.rejects(
      log.reopen(),
      (error) =>
        error instanceof LogMissingError &&
        /must not vote/.test(error.message) &&
        /learner, under a new id with an empty folder/.test(error.message),
    );
  });

  it('is refused where another log took its place', async () => {
    const log = await threeSegments();
    log.id = 'ff'.repeat(16);
    await assert.rejects(log.reopen(), LogMissingError);
    // Also by an identity whose own log was not made yet: nothing is overwritten.
    log.made = false;
    await assert.rejects(log.reopen(), LogMissingError);
    log.id = logId;
    log.made = true;
    assert.deepEqual(indexes(await log.reopen()), range(1, 60));
  });

  it('is begun anew where its making was cut short, at whatever step', async () => {
    const opens = { count: 0 };
    for (let steps = 0; opens.count < 5; steps++)
      for (const randomness of [noRandomness, { below: () => 1 }, { below: () => 3 }]) {
        const log = new LogInMemory();
        log.steps = steps;
        void log.open().then(
          () => (opens.count += 1),
          () => undefined,
        );
        await settle();
        log.steps = Number.POSITIVE_INFINITY;
        log.files.cutPower(randomness);
        // Given an identity that does not say that it was made, for nothing was acknowledged yet
        log.made = false;
        const again = await log.open();
        assert.equal(again.recovered, undefined);
        await fill(again, 1, 3);
        assert.deepEqual(indexes(await log.reopen()), range(1, 3));
      }
  });

  it('is never begun anew where it was used, though an older identity says that it was not made', async () => {
    const used = await threeSegments();
    const one = new LogInMemory();
    await (await one.open()).storage.write({ id: 1, hardState: hardState(0), entries: [] });
    const damaged = one.copy();
    const [first] = frames(one, 1);
    damaged.files.bytes(segmentPath(1)).fill(0, 0, first?.byteLength);
    const inPart = used.copy();
    for (const segment of [1, 2]) inPart.files.remove(segmentPath(segment));
    const spare = used.copy();
    const bytes = spare.files.bytes(segmentPath(1));
    for (const path of spare.files.paths) spare.files.remove(path);
    spare.files.put('/n/log/000000000001.spare', bytes);
    for (const log of [used, one, damaged, inPart, spare]) {
      const before = log.files.paths.map((path) => [path, log.files.bytes(path).toString('hex')]);
      log.made = false;
      await assert.rejects(
        log.reopen(),
        (error) =>
          error instanceof LogMissingError &&
          /older identity.json was put back, put the newer one/.test(error.message) &&
          error.message.includes(logId),
      );
      // Then nothing was changed
      assert.deepEqual(
        log.files.paths.map((path) => [path, log.files.bytes(path).toString('hex')]),
        before,
      );
    }
    used.made = true;
    assert.deepEqual(indexes(await used.reopen()), range(1, 60));
  });
});
