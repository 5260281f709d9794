/** Files that were written before sets stood in them, as running nodes find them. */
import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { metaRow, putMeta } from '../../src/store/schema.ts';
import { ask, LeaseNodes, nameOf, ownSet } from './support/lease-nodes.ts';
import { setIdOf } from '@holdfast/protocol';

const names = ['a', 'b', 'c'];
const about = { resource: 'r', epoch: 1, set: setIdOf(ownSet), client_id: 'me', ttl_ms: 1000 };

describe('Lease nodes with files of format 1', () => {
  let nodes: LeaseNodes;
  beforeEach(() => {
    nodes = new LeaseNodes();
  });
  afterEach(() => nodes.end());

  /** What an earlier version left: the same tables, without what tells the set. */
  function makeFormer(name: string): void {
    const database = new DatabaseSync(nodes.file(name));
    database.exec("DELETE FROM meta WHERE key IN ('members', 'after', 'next', 'longest_lease_ms')");
    database.prepare(putMeta).run(metaRow('format', 1));
    database.close();
  }
  const metaOf = (name: string, key: string): unknown => {
    const database = new DatabaseSync(nodes.file(name), { readOnly: true });
    const { value } = database.prepare('SELECT value FROM meta WHERE key = ?').get(key) ?? {};
    database.close();
    return value === undefined ? undefined : JSON.parse(String(value));
  };

  it('adopt their set when all of it are there, and have lost nothing (SET-7)', async () => {
    const first = await Promise.all(names.map((name) => nodes.start(name)));
    await Promise.all(first.map(({ votes }) => votes));
    const [one] = first;
    const granted = await ask(one?.url ?? '', '/acquire', { ...about, lease_id: 'l1' });
    assert.equal(granted.body['token'], 1);
    for (const node of first) await node.close();
    for (const name of names) makeFormer(name);
    const again = [await nodes.start('a'), await nodes.start('b')];
    for (const node of again) {
      assert.equal(node.isVoting(), false, 'one of its set is missing');
      const { status, body } = await ask(node.url, '/acquire', { ...about, lease_id: 'l2' });
      assert.equal(status, 503);
      assert.equal(body['code'], 'not_voting');
    }
    again.push(await nodes.start('c'));
    await Promise.all(again.map(({ votes }) => votes));
    const status = await ask(again[0]?.url ?? '', '/status/r');
    assert.equal(status.body['max_token'], 1);
    assert.equal(status.body['set'], about.set);
    for (const node of again) await node.close();
    assert.equal(metaOf('a', 'format'), 2);
    assert.deepEqual(metaOf('a', 'members'), ownSet.members);
  });

  it('do not start where nobody tells them a set', async () => {
    const node = await nodes.start('a');
    await node.close();
    makeFormer('a');
    await assert.rejects(
      nodes.start('a', { peers: [], advertise: nameOf('a') }),
      /Name all other nodes with --peers/,
    );
  });
});
