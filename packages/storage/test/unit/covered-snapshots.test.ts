import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  bytesOf,
  entry,
  fill,
  hardState,
  indexes,
  LogInMemory,
  membership,
  plain,
  range,
  settle,
} from '../log-in-memory.ts';

describe('An own snapshot', () => {
  for (const powerGoes of [true, false])
    it(`of entries that take the place of others waits until the log has them${powerGoes ? ', and is not there when the power goes before' : ''} (STORAGE-6)`, async () => {
      const log = new LogInMemory();
      const opened = await log.open();
      const { storage } = opened;
      const saved = (): string[] => log.files.paths.filter((path) => path.endsWith('.snapshot'));
      // Given entries of a former leader that a majority never had
      await fill(opened, 1, 20);
      // When those of another leader take their place, and are applied before the own disk has them
      const held = Promise.withResolvers<void>();
      log.holds = (path) => (path.startsWith('/n/log/') ? held.promise : undefined);
      const entries = range(11, 15).map((index) => entry(index, 3));
      void storage.write({ id: 21, hardState: hardState(15, 3), truncateFrom: 11, entries });
      const saving = storage.saveSnapshot({ index: 15, term: 3, membership }, [bytesOf('state')]);
      await settle();
      // Then their snapshot has no name
      assert.deepEqual(saved(), []);
      if (powerGoes) {
        log.holds = () => undefined;
        const after = await log.reopen();
        assert.deepEqual(indexes(after), range(1, 20));
        assert.equal(after.recovered?.snapshot.index, 0);
        return;
      }
      // Until they are durable.
      held.resolve();
      const meta = await saving;
      assert.equal(meta?.index, 15);
      assert.equal(saved().length, 1);
      const after = await log.reopen();
      assert.deepEqual(after.recovered?.snapshot, meta);
      assert.deepEqual(plain(after.recovered?.entries.slice(-5)), plain(entries));
    });
});
