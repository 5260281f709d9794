/** Against a real PostgreSQL server, through `pg`. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import pg from 'pg';
import { fencedTransaction, fenceTable, raiseFence } from '@holdfast/guards/postgres';
import { transfer } from '../unit/examples/postgres.ts';
import { grantHolds } from '../unit/support/holds.ts';
import { isCode, isStale } from '../unit/support/refusals.ts';
import { findPostgres, startPostgres } from './postgres-server.ts';
import type { PostgresServer } from './postgres-server.ts';

const largestToken = Number.MAX_SAFE_INTEGER;
const programs = findPostgres();
const skip =
  programs === undefined &&
  'This machine has no PostgreSQL server (Debian: apt-get install postgresql).';

/** Work that has begun and ends when the test says so. */
class Pause {
  readonly reached: Promise<void>;
  readonly #ended: Promise<void>;
  #reach: () => void = () => undefined;
  end: () => void = () => undefined;

  constructor() {
    this.reached = new Promise((resolve) => (this.#reach = resolve));
    this.#ended = new Promise((resolve) => (this.end = resolve));
  }

  async here(): Promise<void> {
    this.#reach();
    await this.#ended;
  }
}

describe('The guard in PostgreSQL', { skip }, () => {
  let server: PostgresServer;
  let clients: pg.Client[] = [];
  let client: pg.Client;
  before(async () => {
    server = await startPostgres(programs ?? '');
  });
  after(async () => await server[Symbol.asyncDispose]());
  beforeEach(async () => {
    client = await connect();
    await client.query(fenceTable);
    await client.query('CREATE TABLE written (id serial, text text, fence_token bigint)');
  });
  afterEach(async () => {
    await Promise.all(clients.slice(1).map(async (other) => await other.end()));
    await client.query('DROP TABLE written, holdfast_fences');
    await client.end();
    clients = [];
  });

  async function connect(): Promise<pg.Client> {
    const connected = new pg.Client(server.connection);
    await connected.connect();
    clients.push(connected);
    return connected;
  }

  async function write(
    text: string,
    fenceToken: number,
    { resource = 'a', through = client, pause = undefined as Pause | undefined } = {},
  ): Promise<void> {
    await fencedTransaction(through, resource, { fenceToken }, async (client) => {
      await client.query('INSERT INTO written (text, fence_token) VALUES ($1, $2)', [
        text,
        fenceToken,
      ]);
      await pause?.here();
    });
  }

  async function written(): Promise<unknown[]> {
    const { rows } = await client.query<{ text: string }>('SELECT text FROM written ORDER BY id');
    return rows.map((row) => row.text);
  }

  /** Resolves once somebody waits for a lock of a row or of a transaction. */
  async function somebodyWaits(): Promise<void> {
    const waiting = 'SELECT 1 FROM pg_locks WHERE NOT granted';
    while ((await client.query(waiting)).rows.length === 0);
  }

  it('lets the first write of a resource pass, and the same holder write again', async () => {
    await write('one', 7);
    await write('two', 7);
    assert.deepEqual(await written(), ['one', 'two']);
  });

  it('refuses a smaller token once a larger was seen, from whichever connection', async () => {
    const other = await connect();
    await write('one', 7);
    await write('two', 9, { through: other });
    await assert.rejects(write('late', 8), isStale(8, 9));
    await assert.rejects(write('late', 7, { through: other }), isStale(7, 9));
    await write('three', 9);
    assert.deepEqual(await written(), ['one', 'two', 'three']);
  });

  it('does not run the work of a stale holder', async () => {
    await write('one', 7);
    const stale = fencedTransaction(client, 'a', { fenceToken: 6 }, async () => assert.fail('ran'));
    await assert.rejects(stale, isStale(6, 7));
  });

  it('tells tokens apart up to 2^53 - 1', async () => {
    await write('last but one', largestToken - 1);
    await write('last', largestToken);
    const late = write('late', largestToken - 1);
    await assert.rejects(late, isStale(largestToken - 1, largestToken));
  });

  it('keeps a fence for each resource', async () => {
    await write('one', 9, { resource: 'a' });
    await write('two', 3, { resource: 'b' });
    await assert.rejects(write('late', 2, { resource: 'b' }), isStale(2, 3));
    assert.deepEqual(await written(), ['one', 'two']);
  });

  it('makes a later holder wait for the open transaction of an earlier, and see what it wrote (GUARD-POSTGRES-1)', async () => {
    const [earlier, later] = [await connect(), await connect()];
    await write('zero', 6);
    const pause = new Pause();
    const first = write('one', 7, { through: earlier, pause });
    await pause.reached;
    const second = fencedTransaction(later, 'a', { fenceToken: 8 }, async (client) => {
      const { rows } = await client.query<{ text: string }>('SELECT text FROM written ORDER BY id');
      return rows.map((row) => row.text);
    });
    await somebodyWaits();
    pause.end();
    await first;
    assert.deepEqual(await second, ['zero', 'one']);
    await assert.rejects(write('late', 7, { through: earlier }), isStale(7, 8));
  });

  it('lets of two first writers at once the earlier holder fail, if the later one commits', async () => {
    const [earlier, later] = [await connect(), await connect()];
    const pause = new Pause();
    const first = write('later', 8, { through: later, pause });
    await pause.reached;
    const second = assert.rejects(write('earlier', 7, { through: earlier }), isStale(7, 8));
    await somebodyWaits();
    pause.end();
    await Promise.all([first, second]);
    assert.deepEqual(await written(), ['later']);
  });

  it('counts a token as seen only when its transaction is committed', async () => {
    const [earlier, later] = [await connect(), await connect()];
    const pause = new Pause();
    const broken = fencedTransaction(later, 'a', { fenceToken: 8 }, async () => {
      await pause.here();
      throw new Error('broken');
    });
    await pause.reached;
    const first = write('earlier', 7, { through: earlier });
    await somebodyWaits();
    pause.end();
    await assert.rejects(broken, /broken/);
    await first;
    assert.deepEqual(await written(), ['earlier']);
  });

  it('never lets a smaller token write after a larger, however many write at once (GUARD-POSTGRES-2)', async () => {
    const writers = await Promise.all(Array.from({ length: 8 }, connect));
    const outcomes = await Promise.all(
      writers.map(async (through, writer) => {
        let refused = 0;
        for (let round = 1; round <= 40; round++) {
          try {
            // Tokens rise, unevenly, and each writer is behind the one before it.
            await write('', 8 + round * 3 - writer + (round % 4), { through });
          } catch (error) {
            if (!isCode('stale_fence_token')(error)) throw error;
            refused++;
          }
        }
        return refused;
      }),
    );
    const { rows } = await client.query<{ fence_token: string }>(
      'SELECT fence_token FROM written ORDER BY id',
    );
    const tokens = rows.map((row) => Number(row.fence_token));
    assert.deepEqual(
      tokens,
      tokens.toSorted((a, b) => a - b),
    );
    assert.equal(tokens.length + outcomes.reduce((sum, refused) => sum + refused, 0), 8 * 40);
  });

  it('is as safe where snapshots are kept: the one that had to wait fails and is repeated', async () => {
    const [earlier, later] = [await connect(), await connect()];
    const isolation = `SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ`;
    await earlier.query(isolation);
    await write('zero', 6);
    const pause = new Pause();
    const first = write('later', 8, { through: later, pause });
    await pause.reached;
    const second = assert.rejects(write('earlier', 7, { through: earlier }), { code: '40001' });
    await somebodyWaits();
    pause.end();
    await Promise.all([first, second]);
    await assert.rejects(write('earlier', 7, { through: earlier }), isStale(7, 8));
  });

  it('rolls back what the work wrote when it throws, and returns what it returned', async () => {
    const broken = fencedTransaction(client, 'a', { fenceToken: 9 }, async () => {
      await client.query(`INSERT INTO written (text) VALUES ('half')`);
      throw new Error('broken');
    });
    await assert.rejects(broken, /broken/);
    assert.deepEqual(await written(), []);
    const result = await fencedTransaction(client, 'a', { fenceToken: 7 }, async () => 'result');
    assert.equal(result, 'result');
  });

  it('does not call done what PostgreSQL rolled back because a statement had failed', async () => {
    const swallowing = fencedTransaction(client, 'a', { fenceToken: 7 }, async () => {
      await client.query(`INSERT INTO written (text) VALUES ('half')`);
      await client.query('SELECT 1 / 0').catch(() => undefined);
    });
    await assert.rejects(swallowing, isCode('rolled_back'));
    assert.deepEqual(await written(), []);
  });

  it('guards a transaction that was opened elsewhere', async () => {
    await client.query('BEGIN');
    await raiseFence(client, 'a', { fenceToken: 7 });
    await raiseFence(client, 'b', { fenceToken: 5 });
    await client.query('COMMIT');
    await assert.rejects(write('late', 6, { resource: 'a' }), isStale(6, 7));
    await assert.rejects(write('late', 4, { resource: 'b' }), isStale(4, 5));
  });

  it('takes a client of a pool and not the pool, whose queries may take another connection each', async () => {
    const pool = new pg.Pool(server.connection);
    const pooled = await pool.connect();
    await write('one', 7);
    await fencedTransaction(pooled, 'a', { fenceToken: 7 }, async () => undefined);
    pooled.release();
    // @ts-expect-error: nor do the types let a pool pass.
    const wrong = fencedTransaction(pool, 'a', { fenceToken: 7 }, async () => assert.fail('ran'));
    await assert.rejects(wrong, isCode('invalid_request'));
    await pool.end();
  });

  it('refuses what is no token and what is no name', async () => {
    for (const token of [0, -1, 1.5, Number.NaN, largestToken + 1])
      await assert.rejects(write('one', token), isCode('invalid_request'));
    await assert.rejects(write('one', 1, { resource: '' }), isCode('invalid_request'));
    await assert.rejects(write('one', 1, { resource: 'x'.repeat(257) }), isCode('name_too_long'));
    assert.deepEqual(await written(), []);
  });

  it('example: a holder that was paused moves no money', async () => {
    await using holds = await grantHolds();
    await client.query(`CREATE TEMPORARY TABLE accounts (name text PRIMARY KEY, balance int)`);
    await client.query(`INSERT INTO accounts VALUES ('cash', 100), ('bank', 0)`);
    const first = await holds.grant('books/2031');
    await transfer(client, first, { from: 'cash', to: 'bank', amount: 10 });
    const second = await holds.grant('books/2031');
    await transfer(client, second, { from: 'cash', to: 'bank', amount: 20 });
    await assert.rejects(
      transfer(client, first, { from: 'cash', to: 'bank', amount: 40 }),
      isStale(first.fenceToken, second.fenceToken),
    );
    const { rows } = await client.query('SELECT balance FROM accounts ORDER BY balance');
    assert.deepEqual(rows, [{ balance: 30 }, { balance: 70 }]);
  });
});
