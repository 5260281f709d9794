/** The simulated disk under the storage's own code, without the rest of a cluster. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { MemberId, Write } from '@holdfast/raft';
import type { Opened } from '@holdfast/storage';
import type { CutLeaves } from '@holdfast/storage/parts';
import { SimulatedDisk } from '../../src/world/disk.ts';
import { World } from '../../src/world/world.ts';

const entryBytes = 300;

/** One node's disk and a process that writes entries to it, one a write. */
class Writer {
  readonly world: World;
  readonly disk: SimulatedDisk;
  readonly #machine;
  acknowledged = 0;
  #written = 0;
  repairs = 0;
  failures: string[] = [];

  constructor(seed: bigint) {
    this.world = new World(seed);
    this.#machine = this.world.machine('n1', 0);
    this.disk = new SimulatedDisk(this.#machine, this.world.random.fork());
  }

  /** A process begins; undefined: it does not open its disk. */
  async start(): Promise<Opened> {
    this.#machine.start();
    let outcome: { readonly opened: Opened } | { readonly error: Error } | undefined;
    this.disk
      .open({
        onFailure: ({ message }) => this.failures.push(message),
        onWrite: () => undefined,
        onDurable: () => undefined,
      })
      .then(
        (opened) => (outcome = { opened }),
        (error: unknown) => (outcome = { error: error as Error }),
      );
    // What it begins with is planned when the promises that are settled already have been followed.
    await new Promise((resolve) => setImmediate(resolve));
    await this.world.timeline.run(this.world.nowMs + 10_000, () => outcome !== undefined);
    if (outcome === undefined) assert.fail('the disk is never opened');
    if ('error' in outcome) throw outcome.error;
    const { opened } = outcome;
    this.repairs += opened.repairs.length;
    const entries = opened.recovered?.entries ?? [];
    assert.ok(
      entries.length >= this.acknowledged,
      `of ${String(this.acknowledged)} only ${String(entries.length)}`,
    );
    assert.ok(entries.every(({ index }, position) => index === position + 1));
    this.acknowledged = entries.length;
    this.#written = entries.length;
    return opened;
  }

  write({ storage }: Opened): void {
    const index = ++this.#written;
    const write: Write = {
      id: index,
      hardState: { term: 1, votedFor: 'n1' as MemberId, commit: index - 1 },
      entries: [{ index, term: 1, kind: 'command', data: new Uint8Array(entryBytes).fill(index) }],
    };
    void storage.write(write).then(() => (this.acknowledged = Math.max(this.acknowledged, index)));
  }

  async live(forMs: number): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    await this.world.timeline.run(this.world.nowMs + forMs);
  }

  /** Until a frame is being written. */
  async untilWriting(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    await this.world.timeline.run(this.world.nowMs + 10_000, () => this.disk.isWriting);
    assert.ok(this.disk.isWriting);
  }

  /** Until a snapshot has its name. */
  async untilSaved(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    await this.world.timeline.run(this.world.nowMs + 10_000, () => this.snapshots === 1);
    assert.equal(this.snapshots, 1);
  }

  get snapshots(): number {
    return this.disk.snapshots.length;
  }

  cut(leaves?: CutLeaves): void {
    this.#machine.end();
    this.disk.cutPower(leaves);
  }

  endProcess(): void {
    this.#machine.end();
    this.disk.endProcess();
  }
}

describe('A simulated disk', () => {
  it('keeps what was durable through power cuts, and tears what was being written', async () => {
    let repairs = 0;
    let kept = 0;
    for (let seed = 1n; seed <= 20n; seed++) {
      const writer = new Writer(seed);
      for (let round = 0; round < 15; round++) {
        const opened = await writer.start();
        for (let count = 0; count < 6; count++) {
          writer.write(opened);
          await writer.live(writer.world.random.between(0, 1));
        }
        writer.cut();
      }
      await writer.start();
      repairs += writer.repairs;
      kept += writer.acknowledged;
    }
    assert.ok(repairs > 10, `${String(repairs)} torn writes were named`);
    assert.ok(kept > 500);
  });

  it('leaves a part of a write where it is told to, which is dropped and named', async () => {
    let torn = 0;
    for (let seed = 1n; seed <= 60n; seed++) {
      const writer = new Writer(seed);
      const opened = await writer.start();
      for (let count = 0; count < 3; count++) writer.write(opened);
      await writer.live(10);
      assert.equal(writer.acknowledged, 3);
      writer.write(opened);
      await writer.untilWriting();
      writer.cut('a part');
      const isNamed = writer.disk.torn !== undefined;
      const { recovered, repairs } = await writer.start();
      // Where only the zeros at its end are missing it is whole.
      const wanted = isNamed ? [3] : [3, 4];
      assert.ok(wanted.includes(recovered?.entries.length ?? 0), `seed ${String(seed)}`);
      assert.equal(repairs.length, isNamed ? 1 : 0, `seed ${String(seed)}`);
      assert.equal(writer.disk.torn, undefined);
      torn += Number(isNamed);
    }
    // All but those of which less than the marks of a frame were written.
    assert.ok(torn > 40, `${String(torn)} of 60`);
  });

  it('with a turned bit is refused, wherever it is', async () => {
    for (let seed = 1n; seed <= 60n; seed++) {
      const writer = new Writer(seed);
      const opened = await writer.start();
      for (let count = 0; count < 40; count++) {
        writer.write(opened);
        await writer.live(1);
      }
      const membership = { members: [] };
      void opened.storage.saveSnapshot({ index: 20, term: 1, membership }, [new Uint8Array(500)]);
      await writer.live(writer.world.random.between(0, 20));
      writer.cut();
      const hit = writer.disk.flipBit() ?? assert.fail();
      await assert.rejects(
        writer.start(),
        (error) => error instanceof Error && error.name === 'StorageDamagedError',
        `seed ${String(seed)}: ${hit}`,
      );
    }
  });

  it('keeps through the end of a process alone what the system had taken, synced or not (SIM-DISK-4)', async () => {
    let lostWithThePower = 0;
    for (let seed = 1n; seed <= 20n; seed++) {
      const unsynced = async (end: (writer: Writer) => void): Promise<number> => {
        const writer = new Writer(seed);
        const opened = await writer.start();
        const membership = { members: [] };
        writer.write(opened);
        await writer.live(10);
        void opened.storage.saveSnapshot({ index: 1, term: 1, membership }, [new Uint8Array(500)]);
        // Between the new name and the sync of its folder.
        await writer.untilSaved();
        end(writer);
        return writer.snapshots;
      };
      assert.equal(await unsynced((writer) => writer.endProcess()), 1);
      lostWithThePower += 1 - (await unsynced((writer) => writer.cut()));
    }
    assert.ok(lostWithThePower > 3, String(lostWithThePower));
  });

  it('tells of a snapshot that is installed, and is not what its hash names (SIM-DISK-7)', async () => {
    const data = Buffer.from('head\nstate');
    const hash = createHash('sha256').update(data).digest('hex');
    const meta = {
      index: 5,
      term: 1,
      membership: { members: [] },
      hash,
      byteLength: data.byteLength,
    };
    const installedAfter = async (spoil: (writer: Writer) => void): Promise<string> => {
      const writer = new Writer(3n);
      const { storage } = await writer.start();
      void storage.write({ id: 1, entries: [], snapshotChunks: [{ meta, offset: 0, data }] });
      await writer.live(20);
      spoil(writer);
      try {
        void storage.write({ id: 2, entries: [], installSnapshot: meta });
        return 'handed over';
      } catch (error) {
        return String(error);
      }
    };
    assert.equal(await installedAfter(() => undefined), 'handed over');
    const turned = await installedAfter(({ disk }) => assert.ok(disk.flipReceived('state')));
    assert.match(turned, /^Violation: n1 installs the snapshot \w+ at 5; what it has has the hash/);
  });

  it('of which reads fail, all or one, says so at the start, and has all of it afterwards (SIM-DISK-6)', async () => {
    let refused = 0;
    for (const trouble of ['failing_read', 'one_failed_read'] as const) {
      for (let seed = 1n; seed <= 10n; seed++) {
        const writer = new Writer(seed);
        const opened = await writer.start();
        for (let count = 0; count < 3; count++) writer.write(opened);
        await writer.live(10);
        assert.equal(writer.acknowledged, 3);
        writer.cut();
        writer.disk.trouble = trouble;
        const outcome = await writer.start().then(
          () => 'started',
          (error: unknown) => String(error),
        );
        if (outcome === 'started') assert.equal(trouble, 'one_failed_read');
        else {
          refused += 1;
          assert.match(outcome, /^DiskError: \/n1\/.* could not be read: the device fails \(EIO\)/);
        }
        writer.cut();
        const { recovered, repairs } = await writer.start();
        assert.equal(recovered?.entries.length, 3);
        assert.deepEqual(repairs, []);
      }
    }
    assert.ok(refused > 12, String(refused));
  });

  it('that fails, or is full, stops the process, and has all that was acknowledged', async () => {
    for (const trouble of ['failing_sync', 'one_failed_sync', 'full'] as const) {
      const writer = new Writer(7n);
      let opened = await writer.start();
      writer.disk.trouble = trouble;
      for (let count = 0; count < 2000 && writer.failures.length === 0; count++) {
        writer.write(opened);
        await writer.live(1);
      }
      assert.equal(writer.failures.length, 1);
      writer.cut();
      opened = await writer.start();
      writer.write(opened);
      await writer.live(10);
      assert.ok(writer.acknowledged > 0);
    }
  });
});
