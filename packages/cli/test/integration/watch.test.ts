import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { holdfast, startOneNode, until } from './support/holdfast.ts';
import type { Ended } from './support/holdfast.ts';

describe('holdfast watch', () => {
  let node: Awaited<ReturnType<typeof startOneNode>>;
  before(async () => {
    node = await startOneNode();
  });
  after(() => node.close());

  const start = (...words: readonly string[]) => holdfast(node.url, words);
  const run = (...words: readonly string[]): Promise<Ended> => start(...words).ended;
  const linesOf = (text: string): readonly string[] => text.trim().split('\n');
  const typesOf = (text: string): readonly string[] =>
    linesOf(text).map((line) => (JSON.parse(line) as { type: string }).type);

  /** A watch says nothing when it begins: what is told of a lock that is only for that proves it. */
  async function watching(prefix: string, ...words: readonly string[]) {
    const watch = start('watch', prefix, ...words);
    let beginning = 0;
    while (watch.told() === '') {
      beginning += 1;
      await run('latch', 'create', `${prefix}begin${String(beginning)}`, '1');
    }
    return watch;
  }

  it('given somebody who watches, when a lock is taken and released, then each event is a line, and Ctrl-C ends it with status 0', async () => {
    const watch = await watching('a/');
    const held = ['lock', 'run', '--client-id', 'me', '--metadata', 'why'];
    assert.equal((await run(...held, 'a/1', '--', 'true')).status, 0);
    assert.equal((await run(...held, 'b/1', '--', 'true')).status, 0);
    await until('the release', () => watch.told().includes('released'));
    watch.child.kill('SIGINT');
    const { status, stdout, stderr } = await watch.ended;
    assert.equal(status, 0, stderr);
    const [granted = '', released = ''] = linesOf(stdout).filter((line) => line.includes('lock'));
    const stamp = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z {2}\d+-\d+ {2}`;
    assert.match(
      granted,
      new RegExp(`^${stamp}granted +lock +a/1 +me +token \\d+ +exclusive +why$`),
    );
    assert.match(released, new RegExp(`^${stamp}released +lock +a/1 +me +token \\d+ +released$`));
    assert.doesNotMatch(stdout, /b\/1/);
  });

  it('given --limit, when so many events came, then it ends; after the position of the first the others are told again', async () => {
    await run('latch', 'create', 'c', '2');
    const { stdout } = await run('watch', '--history', '--name', 'c', '--json');
    const { position } = JSON.parse(stdout) as { position: string };
    await run('latch', 'count-down', 'c');
    await run('latch', 'count-down', 'c');
    const again = ['watch', '--name', 'c', '--kind', 'latch', '--after', position, '--json'];
    const live = await run(...again, '--limit', '2');
    assert.equal(live.status, 0, live.stderr);
    assert.deepEqual(typesOf(live.stdout), ['counted', 'opened']);
    assert.equal((await run(...again, '--history')).stdout, live.stdout);
  });

  it('given events of before, when the history is asked for, then the latest are told, the limit counts, and it ends', async () => {
    for (const name of ['d/1', 'd/2', 'd/3']) await run('latch', 'create', name, '5');
    const all = await run('watch', 'd/', '--history');
    assert.equal(all.status, 0, all.stderr);
    assert.deepEqual(
      linesOf(all.stdout).map((line) => line.replace(/^\S+Z +\d+-\d+ +/, '')),
      ['d/1', 'd/2', 'd/3'].map((name) => `created     latch      ${name}  count 5`),
    );
    const latest = await run('watch', 'd/', '--history', '--limit', '2');
    assert.deepEqual(linesOf(latest.stdout), linesOf(all.stdout).slice(1));
  });

  it('given a name with control characters, when it is watched, then none reaches the terminal', async () => {
    await run('latch', 'create', 'e\u001b[2Jx', '1');
    const { stdout } = await run('watch', 'e', '--history');
    assert.match(stdout, /e\ufffd\[2Jx/);
  });

  it('given what cannot be understood, when it is asked for, then it is told, and the status is 2', async () => {
    for (const words of [
      ['x', '--name', 'y'],
      ['--kind', 'door'],
      ['--limit', '0'],
    ])
      assert.equal((await run('watch', ...words)).status, 2, words.join(' '));
    const { status, stderr } = await run('watch', '--after', 'yesterday');
    assert.equal(status, 2);
    assert.match(stderr, /after.*position/);
  });
});
