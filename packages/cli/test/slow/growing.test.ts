/** "Growing from one to three to five" of docs/operations.md: its commands, as they stand there, while a lock is held. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blockWith, commandsOf, Site } from './site.ts';

describe('A cluster that grows', { timeout: 600_000 }, () => {
  it('operations.md: from one node to three and to five, which go on without two of them', async () => {
    await using site = new Site();
    await site.open(['a']);
    const blocks = commandsOf('operations.md').filter(
      (block) => block.includes('shop') || block.includes('member'),
    );
    const listening = blockWith(blocks, '--cluster-node-id a ');
    const adding = blockWith(blocks, 'member add b');
    const joining = blockWith(blocks, '--cluster-join true');
    const looking = blockWith(blocks, 'holdfast member list');

    await site.kill('a', 'SIGTERM');
    await site.start('a', listening);
    for (const id of ['b', 'c', 'd', 'e']) {
      const of = (block: string): string => block.replaceAll(/\bb\b/g, id);
      await site.run(of(adding));
      await site.start(id, of(joining));
      await site.until(looking, new RegExp(`^${id} +voter.* yes`, 'm'));
      assert.match(await site.run('holdfast lock status kept'), /before/);
    }

    const leader = await site.leader();
    await site.kill(leader);
    await site.kill(leader === 'b' ? 'c' : 'b');
    await site.until('holdfast lock status kept', /before/);
    assert.notEqual(await site.leader(), leader);
  });
});
