import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { forceOpen, holdfast, runsUntilTold, startOneNode, until } from './support/holdfast.ts';
import type { Ended } from './support/holdfast.ts';

describe('holdfast election', () => {
  let node: Awaited<ReturnType<typeof startOneNode>>;
  before(async () => {
    node = await startOneNode();
  });
  after(() => node.close());

  const start = (...words: readonly string[]) => holdfast(node.url, ['election', ...words]);
  const election = (...words: readonly string[]): Promise<Ended> => start(...words).ended;

  /** A command that leads until it is told to end. */
  async function leading(label: string, ...words: readonly string[]) {
    const marker = join(node.folder, label);
    const run = start('run', '--client-id', label, ...words, '--', ...runsUntilTold(marker));
    await until(`the lead of ${label}`, () => existsSync(marker));
    return run;
  }

  it('given nobody who leads, when a command is run, then it finds its epoch, can tell another value, and its exit status is passed on', async () => {
    const [program, ...words] = start('leader', 'x').child.spawnargs;
    const own = words.slice(0, words.indexOf('election')).join(' ');
    const script = `${program ?? ''} ${own} election proclaim "$HOLDFAST_ELECTION_NAME" '{"ready":true}' --session "$HOLDFAST_SESSION_ID" --fence-token "$HOLDFAST_FENCE_TOKEN" > /dev/null
${program ?? ''} ${own} election leader "$HOLDFAST_ELECTION_NAME"; exit 7`;
    const options = ['--client-id', 'first', '--value', 'not yet'];
    const { status, stdout, stderr } = await election(
      'run',
      ...options,
      'a',
      '--',
      'sh',
      '-c',
      script,
    );
    assert.match(stdout, /^STATE +CLIENT +FENCE TOKEN +SINCE +VALUE$/m, stderr);
    assert.match(stdout, /^leads +first +\d+ +\d{4}-\S+ +\{"ready":true\}$/m);
    assert.equal(status, 7, stderr);
    assert.equal((await election('leader', 'a')).stdout, 'Nobody leads a.\n');
  });

  it('given a leader, when another campaigns, then status 3 tells whom to look for; when the leader ends, the one that waits leads with a larger epoch', async () => {
    const first = await leading('first', '--value', '"v"', 'b');
    const refused = await election('run', 'b', '--', 'true');
    assert.equal(refused.status, 3);
    assert.match(
      refused.stderr,
      /client "first"[^]*leads it[^]*not_elected[^]*holdfast election leader NAME/,
    );
    const { leader } = JSON.parse((await election('leader', 'b', '--json')).stdout) as {
      leader: { fence_token: number; value: unknown };
    };
    assert.equal(leader.value, 'v');
    const epoch = ['--', 'sh', '-c', 'echo "epoch $HOLDFAST_FENCE_TOKEN"'];
    const second = election(
      'run',
      '--wait',
      '20',
      '--priority',
      '3',
      '--client-id',
      'second',
      'b',
      ...epoch,
    );
    let shown = '';
    while (!/^waits #1, priority 3 +second/m.test(shown))
      shown = (await election('leader', 'b')).stdout;
    first.child.kill('SIGTERM');
    assert.equal((await first.ended).status, 128 + 15);
    const { status, stdout } = await second;
    assert.equal(status, 0);
    assert.ok(Number(/epoch (\d+)/.exec(stdout)?.[1]) > leader.fence_token, stdout);
  });

  it('given a command that leads, when its lead is ended by force, then it is killed, the status is 4, and it is told why', async () => {
    const run = await leading('forced', 'c');
    await forceOpen(node.url, 'election', 'c', 'moving house');
    const { status, stderr } = await run.ended;
    assert.equal(status, 4, stderr);
    assert.match(stderr, /the lease of "c" was lost[^]*released by force \(moving house\)/);
  });

  it('given --repeat, when the command ends or the leadership is lost, then it campaigns again under a larger epoch, until a signal ends both', async () => {
    const epochs = join(node.folder, 'epochs');
    const script = `trap 'exit 5' TERM; echo $HOLDFAST_FENCE_TOKEN >> ${epochs}; [ $(wc -l < ${epochs}) = 1 ] && exit 1; while :; do sleep 0.05; done`;
    const run = start('run', '--repeat', 'd', '--', 'sh', '-c', script);
    const begun = (): readonly number[] =>
      existsSync(epochs) ? readFileSync(epochs, 'utf8').trim().split('\n').map(Number) : [];
    await until('a second lead', () => begun().length === 2);
    await forceOpen(node.url, 'election', 'd', '');
    await until('a third lead', () => begun().length === 3);
    assert.deepEqual(
      begun(),
      begun().toSorted((a, b) => a - b),
    );
    run.child.kill('SIGTERM');
    const { status, stderr } = await run.ended;
    assert.equal(status, 5, stderr);
  });

  it('given --repeat, when the command cannot be started, then that is the end', async () => {
    const { status, stderr } = await election('run', '--repeat', 'e', '--', '/no/such/program');
    assert.equal(status, 127, stderr);
  });

  it('given somebody who observes, when the lead changes, then each change is a line, and Ctrl-C ends it with status 0', async () => {
    const observer = start('observe', 'f');
    await until('how it is', () => observer.told().includes('nobody leads'));
    assert.equal(
      (await election('run', '--client-id', 'me', '--value', '[1]', 'f', '--', 'true')).status,
      0,
    );
    await until('the end', () => observer.told().includes('(released)'));
    observer.child.kill('SIGINT');
    const { status, stdout, stderr } = await observer.ended;
    assert.equal(status, 0, stderr);
    const lines = stdout.trim().split('\n');
    assert.match(lines[0] ?? '', /^\d{4}-\S+Z {2}\d+ {2}current +nobody leads$/);
    assert.match(lines[1] ?? '', /^\d{4}-\S+Z {2}\d+-\d+ {2}elected +me {2}token \d+ {2}\[1\]$/);
    assert.match(lines[2] ?? '', /ended +nobody leads \(released\)$/);
    const position = lines[0]?.split('  ')[1] ?? '';
    const again = start('observe', 'f', '--json', '--after', position);
    await until('the same again', () => again.told().trim().split('\n').length === 2);
    again.child.kill('SIGTERM');
    const changes = (await again.ended).stdout.trim().split('\n');
    assert.deepEqual(
      changes.map((line) => (JSON.parse(line) as { change: string }).change),
      ['elected', 'ended'],
    );
  });

  it('given a client id and a token, when it campaigns, proclaims and resigns in separate commands, then each is done; a token of before is refused', async () => {
    const campaigned = await election('campaign', 'g', '--ttl', '30', '--value', '1', '--json');
    const { fence_token } = JSON.parse(campaigned.stdout) as { fence_token: number };
    const token = ['--fence-token', String(fence_token)];
    assert.equal((await election('proclaim', 'g', '{"n":2}', ...token)).status, 0);
    assert.match((await election('leader', 'g')).stdout, /\{"n":2\}$/m);
    assert.match((await election('resign', 'g', ...token)).stdout, /^resigned +true$/m);
    const late = await election('resign', 'g', ...token);
    assert.equal(late.status, 1);
    assert.match(late.stderr, /holdfast election leader NAME/);
    assert.equal((await election('proclaim', 'g', '1')).status, 2);
  });
});
