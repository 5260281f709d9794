/** The commands of docs/runbooks and docs/upgrade.md, as they stand there, on nodes of this machine over TLS with authentication. */
import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { blockWith, commandsOf, Site } from './site.ts';

const tokenIn = (text: string): number =>
  Number(/fence_token\D+(\d+)/.exec(text)?.[1] ?? assert.fail(text));

describe('The runbooks', { timeout: 900_000, concurrency: 1 }, () => {
  const sites: Site[] = [];
  const open = async (featureLevel?: number): Promise<Site> => {
    const site = new Site();
    site.featureLevel = featureLevel;
    sites.push(site); // Also where it does not open as a whole.
    await site.open();
    return site;
  };
  after(async () => {
    for (const site of sites) await site[Symbol.asyncDispose]();
  });

  it('lost-one-node.md: a member without its folder is removed, and another one takes its place', async () => {
    const site = await open();
    const blocks = commandsOf('runbooks/lost-one-node.md');
    await site.kill('c');
    rmSync(site.storage('c'), { recursive: true });
    await site.until(blockWith(blocks, 'holdfast status'), /^c .* no /m);
    await site.run(blockWith(blocks, 'member remove'));
    await site.start('d', blockWith(blocks, 'holdfast server'));
    await site.until(blockWith(blocks, 'member list'), /^d +voter.* yes/m);
    // Two of a, b and d are a majority.
    await site.kill('a');
    await site.until('holdfast --endpoint https://d.example:8080 lock status kept', /before/);
  });

  it('lost-majority.md: a survivor gives its state, and a new cluster goes on with it', async () => {
    const site = await open();
    const blocks = commandsOf('runbooks/lost-majority.md');
    const first = tokenIn(
      await site.run('holdfast --json lock acquire --client-id x --ttl 600 first'),
    );
    for (const id of ['b', 'c']) {
      await site.kill(id);
      rmSync(site.storage(id), { recursive: true });
    }
    assert.match(await site.run(blockWith(blocks, 'curl')), /"applied_index"/);
    await site.run(blockWith(blocks, ' backup '));
    await site.kill('a');
    const restored = await site.run(blockWith(blocks, 'holdfast restore'));
    assert.match(restored, /fence_counter|fence/i);
    await site.run(blockWith(blocks, 'holdfast cert node e f g'));
    const servers = blocks.filter((block) => block.startsWith('holdfast server'));
    await site.start('e', servers[0] ?? '');
    await site.until(blockWith(blocks, 'member add f'), /f/);
    await site.start('f', servers[1] ?? '');
    const at = 'holdfast --endpoint https://e.example:8080';
    await site.until(`${at} member list`, /^f +voter.* yes/m);
    // The key of before opens it, what was held is free, and tokens rise.
    const next = await site.until(
      `${at} --json lock acquire --client-id y --ttl 600 first`,
      /fence_token/,
    );
    assert.ok(tokenIn(next) > first);
  });

  it('expired-certificates.md: certificates and the authority are renewed under nodes that run', async () => {
    const site = await open();
    const blocks = commandsOf('runbooks/expired-certificates.md');
    const look = blockWith(blocks, 'openssl x509');
    const serial = 'openssl x509 -in tls/a.crt -noout -serial';
    const shown =
      'openssl s_client -connect a.example:8080 -CAfile tls/ca.crt -cert tls/ops.crt -key tls/ops.key </dev/null 2>/dev/null | openssl x509 -noout -serial';
    const takenUp = async (): Promise<void> => {
      const wanted = (await site.run(serial)).trim();
      await site.until(shown, new RegExp(`^${wanted}$`, 'm'));
    };
    const before = await site.run(shown);
    await site.run(look);
    await site.run(blockWith(blocks, '--renew'));
    await takenUp();
    assert.notEqual(await site.run(shown), before);
    await site.run(blockWith(blocks, 'holdfast cert init --folder new'));
    await sleep(3000); // Until every node has read it.
    await site.run(blockWith(blocks, 'mv new/a.crt'));
    await takenUp();
    await site.run(blockWith(blocks, 'only-new.crt'));
    await sleep(3000);
    await site.kill('b');
    await site.restart('b');
    // New connections between members, and of clients, under the new authority alone.
    await site.until('holdfast status', /^b .* yes /m);
    await site.run('holdfast lock status kept');
  });

  it('stuck-lock.md, stuck-queue.md: what is stuck is seen, and ended', async () => {
    const site = await open();
    const lock = commandsOf('runbooks/stuck-lock.md');
    const taken = 'holdfast lock acquire --client-id hangs --ttl 600 reports/daily';
    await site.run(taken);
    const looked = await site.run(blockWith(lock, 'lock status'));
    const session = /^(\S+) +hangs +600 s/m.exec(looked)?.[1] ?? assert.fail(looked);
    await site.run(blockWith(lock, 'session end').replace('SESSION-ID', session));
    assert.match(await site.run('holdfast lock status reports/daily'), /is free/);
    await site.run(taken);
    await site.run(blockWith(lock, 'force-release'));
    assert.match(await site.run('holdfast lock status reports/daily'), /is free/);

    const queue = commandsOf('runbooks/stuck-queue.md');
    await site.run('holdfast queue push --queue jobs --max-deliveries 1 user:7 work');
    await site.run('holdfast queue work --queue jobs --once -- false || true');
    assert.match(await site.run(blockWith(queue, 'queue stats')), /user:7/);
    assert.match(await site.run(blockWith(queue, 'dead redrive')), /1/);
    assert.match(await site.run('holdfast queue pop --queue jobs'), /work/);
  });

  it('slow-disk.md, full-disk.md, wrong-clock.md, bad-release.md: what they look at is there', async () => {
    const site = await open();
    const slow = commandsOf('runbooks/slow-disk.md');
    const measured = await site.run(blockWith(slow, '/metrics'));
    for (const part of ['commit_duration_seconds_count', 'longest_turn_seconds', 'is_leader'])
      assert.ok(measured.includes(part), measured);
    await site.run(blockWith(slow, 'dd if='));
    const before = await site.leader();
    await site.run(blockWith(slow, 'holdfast transfer'));
    const next = await site.leader();
    assert.notEqual(next, before);

    const full = commandsOf('runbooks/full-disk.md');
    assert.match(await site.run(blockWith(full, 'df -h'), true, 'a'), /\/log$/m);
    await site.run('holdfast queue push --queue jobs user:7 work');
    assert.match(await site.run(blockWith(full, 'queue stats')), /jobs/);

    const clock = commandsOf('runbooks/wrong-clock.md');
    await site.run(blockWith(clock, 'date -u'));
    assert.match(await site.run(blockWith(clock, 'curl -sI')), /^date: .* GMT/im);

    const release = commandsOf('runbooks/bad-release.md');
    assert.match(await site.run(blockWith(release, 'holdfast status')), /feature level/i);
    assert.equal(await site.run(blockWith(release, '/readyz')), '200\n');
    await site.run(blockWith(release, 'holdfast backup'));
    assert.ok(existsSync(join(site.folder, 'before-upgrade')));

    // Whoever is asked to remove the leader answers with the outcome.
    await site.run(`holdfast member remove ${next}`);
    await site.until('holdfast lock status kept', /before/);
    assert.notEqual(await site.leader(), next);
  });

  it('upgrade.md: members go from an earlier feature level to the present one, one after the other', async () => {
    const earlier = 2;
    const site = await open(earlier);
    const blocks = commandsOf('upgrade.md');
    const look = blockWith(blocks, 'holdfast status');
    const isEarlier = new RegExp(`feature level ${String(earlier)}\\.`);
    const isLater = new RegExp(`feature level (?!${String(earlier)}\\.)\\d+\\.`);
    await site.until(look, isEarlier);
    await site.run(blockWith(blocks, 'holdfast backup'));
    site.featureLevel = undefined;
    const upgrade = async (id: string): Promise<string> => {
      await site.kill(id, 'SIGTERM');
      await site.restart(id);
      return site.run(blockWith(blocks, '/readyz').replaceAll('c.example', `${id}.example`));
    };
    const last = await site.leader();
    for (const id of ['a', 'b', 'c'].filter((one) => one !== last))
      assert.match(
        await upgrade(id),
        isEarlier,
        'one member could not read what is of a later one',
      );
    await site.run(blockWith(blocks, 'holdfast transfer'));
    assert.notEqual(await site.leader(), last);
    await upgrade(last);
    await site.until(look, isLater);
    assert.match(await site.run('holdfast lock status kept'), /before/);
  });
});
