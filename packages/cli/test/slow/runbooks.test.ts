/** The commands of docs/runbooks and docs/upgrade.md, as they stand there, on nodes of this machine over TLS with authentication. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { blocksOf } from '../integration/documents/page.ts';
import { freePort } from '../integration/support/holdfast.ts';
import { WaitExpiredError } from '../../../checker/src/waits.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** Many processes are started, on machines that may have much to do. */
const patienceMs = 150_000;
const runbooks = new URL('../../../../docs/runbooks/', import.meta.url);

/** Blocks of a runbook that are run, without the indentation of the list that they stand in. */
function commandsOf(name: string): readonly string[] {
  const text = readFileSync(new URL(name, runbooks), 'utf8');
  return blocksOf(text)
    .filter(({ kind }) => kind === 'sh')
    .map(({ lines }) => lines.map((line) => line.replace(/^ {3}/, '')).join('\n'));
}

const blockWith = (blocks: readonly string[], part: string): string =>
  blocks.find((block) => block.includes(part)) ?? assert.fail(`No block has "${part}".`);

interface Ports {
  readonly http: number;
  readonly peers: number;
  readonly grpc: number;
}

/** Machines a to g: their names in the runbooks are ports of this one. */
class Site {
  readonly folder = mkdtempSync(join(tmpdir(), 'holdfast-runbooks-'));
  readonly #ports = new Map<string, Ports>();
  readonly #nodes = new Map<string, ChildProcess>();
  /** Up to which one nodes that are started from now on know; undefined: the latest. */
  featureLevel: number | undefined;

  /** Three nodes, with a key of an administrator, and a lock that is held. */
  async open(): Promise<void> {
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const [http, peers, grpc] = [await freePort(), await freePort(), await freePort()];
      this.#ports.set(id, { http, peers, grpc });
    }
    mkdirSync(join(this.folder, 'bin'));
    const program = join(this.folder, 'bin', 'holdfast');
    writeFileSync(
      program,
      `#!/bin/sh\nexec '${process.execPath}' --conditions=source '${main}' "$@"\n`,
    );
    chmodSync(program, 0o755);
    await this.run(
      'holdfast cert init && holdfast cert node a b c --host a.example && holdfast cert client ops',
    );
    await Promise.all(['a', 'b', 'c'].map((id) => this.start(id, this.#command(id))));
    await this.run('holdfast auth enable --key-file admin.key', false);
    await this.run('holdfast lock acquire --client-id before --ttl 600 kept');
  }

  /** As docs/security.md starts a member. */
  #command(id: string): string {
    const peers = ['a', 'b', 'c']
      .filter((one) => one !== id)
      .map((one) => `${one}=${one}.example:7000`);
    return (
      `holdfast server --cluster-cluster-id shop --cluster-node-id ${id} --storage-folder /srv/holdfast ` +
      `--cluster-listen ${id}.example:7000 --cluster-peers ${peers.join(',')} ` +
      `--http-host ${id}.example --http-advertise https://${id}.example:8080 ` +
      `--tls-certificate tls/${id}.crt --tls-key tls/${id}.key --tls-authority tls/ca.crt`
    );
  }

  restart(id: string): Promise<void> {
    return this.start(id, this.#command(id));
  }

  url(id: string): string {
    return `https://127.0.0.1:${String(this.#ports.get(id)?.http)}`;
  }

  #here(text: string): string {
    return text
      .replaceAll(
        /\b([a-f])\.example:8080/g,
        (_whole, id: string) => `127.0.0.1:${String(this.#ports.get(id)?.http)}`,
      )
      .replaceAll(
        /\b([a-f])\.example:7000/g,
        (_whole, id: string) => `127.0.0.1:${String(this.#ports.get(id)?.peers)}`,
      )
      .replaceAll(/\b[a-g]\.example\b/g, '127.0.0.1');
  }

  #environment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HOLDFAST_'));
    const path = `${join(this.folder, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`;
    const cache = join(this.folder, 'compiled'); // Many processes read the same sources.
    return { ...Object.fromEntries(inherited), PATH: path, NODE_COMPILE_CACHE: cache, ...more };
  }

  /** What it prints. @param withKey Whether the administrator's key is there already. */
  async run(commands: string, withKey = true, machine = 'e'): Promise<string> {
    const script = this.#here(commands).replaceAll(
      /\/srv\/holdfast(?:-2)?/g,
      this.storage(machine),
    );
    const { folder } = this;
    const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: folder,
      env: this.#environment({
        HOLDFAST_ENDPOINTS: ['a', 'b', 'c'].map((id) => this.url(id)).join(','),
        HOLDFAST_CA: join(folder, 'tls/ca.crt'),
        ...(script.includes('cert init && ')
          ? {}
          : { HOLDFAST_CERT: 'tls/ops.crt', HOLDFAST_KEY: 'tls/ops.key' }),
        ...(withKey && !script.includes('cert init && ')
          ? { HOLDFAST_API_KEY_FILE: 'admin.key' }
          : {}),
      }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let told = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (part: string) => (told += part));
    const [status] = (await once(child, 'close', { signal: AbortSignal.timeout(patienceMs) })) as [
      number | null,
    ];
    assert.equal(status, 0, `${script}\n${told}`);
    return told;
  }

  storage(id: string): string {
    return join(this.folder, `storage-${id}`);
  }

  /** Runs a block that starts a node, until it listens. */
  async start(id: string, block: string): Promise<void> {
    const { http, grpc } = this.#ports.get(id) ?? assert.fail(id);
    const script = this.#here(block).replaceAll(/\/srv\/holdfast(?:-2)?/g, this.storage(id));
    const child = spawn('bash', ['-c', `exec ${script}`], {
      cwd: this.folder,
      env: this.#environment({
        HOLDFAST_HTTP_PORT: String(http),
        HOLDFAST_GRPC_PORT: String(grpc),
        HOLDFAST_SECURITY_AUTHENTICATION: 'required',
        HOLDFAST_LOG_LEVEL: 'warn',
        ...(this.featureLevel === undefined
          ? {}
          : { HOLDFAST_TEST_FEATURE_LEVEL: String(this.featureLevel) }),
      }),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#nodes.set(id, child);
    let told = '';
    child.stderr
      .setEncoding('utf8')
      .on('data', (part: string) => (told = (told + part).slice(-4000)));
    for (const end = Date.now() + patienceMs; ; await sleep(200)) {
      assert.equal(child.exitCode, null, `${script}\n${told}`);
      if (Date.now() > end) throw new WaitExpiredError(`${script}\n${told}`);
      if ((await this.ask(id, '/livez')).includes('"ok"')) return;
    }
  }

  async ask(id: string, path: string): Promise<string> {
    const files = ['--cacert', 'tls/ca.crt', '--cert', 'tls/ops.crt', '--key', 'tls/ops.key'];
    const asked = ['--silent', '--max-time', '10', ...files, `${this.url(id)}${path}`];
    const child = spawn('curl', asked, { cwd: this.folder, stdio: ['ignore', 'pipe', 'ignore'] });
    return text(child.stdout);
  }

  /** Until a command prints it. */
  async until(commands: string, wanted: RegExp): Promise<string> {
    let told = '';
    for (const end = Date.now() + patienceMs; ; await sleep(500)) {
      told = await this.run(commands).catch((error: unknown) => String(error));
      if (wanted.test(told)) return told;
      if (Date.now() > end) throw new WaitExpiredError(told);
    }
  }

  async kill(id: string, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#nodes.get(id);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'close');
    if (signal === 'SIGTERM') assert.equal(child.exitCode, 0);
  }

  async leader(): Promise<string> {
    const told = await this.run('holdfast status');
    return /^(\w) +leader /m.exec(told)?.[1] ?? assert.fail(told);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of this.#nodes.keys()) await this.kill(id);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

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
    const blocks = commandsOf('lost-one-node.md');
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
    const blocks = commandsOf('lost-majority.md');
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
    const blocks = commandsOf('expired-certificates.md');
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
    const lock = commandsOf('stuck-lock.md');
    const taken = 'holdfast lock acquire --client-id hangs --ttl 600 reports/daily';
    await site.run(taken);
    const looked = await site.run(blockWith(lock, 'lock status'));
    const session = /^(\S+) +hangs +600 s/m.exec(looked)?.[1] ?? assert.fail(looked);
    await site.run(blockWith(lock, 'session end').replace('SESSION-ID', session));
    assert.match(await site.run('holdfast lock status reports/daily'), /is free/);
    await site.run(taken);
    await site.run(blockWith(lock, 'force-release'));
    assert.match(await site.run('holdfast lock status reports/daily'), /is free/);

    const queue = commandsOf('stuck-queue.md');
    await site.run('holdfast queue push --queue jobs --max-deliveries 1 user:7 work');
    await site.run('holdfast queue work --queue jobs --once -- false || true');
    assert.match(await site.run(blockWith(queue, 'queue stats')), /user:7/);
    assert.match(await site.run(blockWith(queue, 'dead redrive')), /1/);
    assert.match(await site.run('holdfast queue pop --queue jobs'), /work/);
  });

  it('slow-disk.md, full-disk.md, wrong-clock.md, bad-release.md: what they look at is there', async () => {
    const site = await open();
    const slow = commandsOf('slow-disk.md');
    const measured = await site.run(blockWith(slow, '/metrics'));
    for (const part of ['commit_duration_seconds_count', 'longest_turn_seconds', 'is_leader'])
      assert.ok(measured.includes(part), measured);
    await site.run(blockWith(slow, 'dd if='));
    const before = await site.leader();
    await site.run(blockWith(slow, 'holdfast transfer'));
    const next = await site.leader();
    assert.notEqual(next, before);

    const full = commandsOf('full-disk.md');
    assert.match(await site.run(blockWith(full, 'df -h'), true, 'a'), /\/log$/m);
    await site.run('holdfast queue push --queue jobs user:7 work');
    assert.match(await site.run(blockWith(full, 'queue stats')), /jobs/);

    const clock = commandsOf('wrong-clock.md');
    await site.run(blockWith(clock, 'date -u'));
    assert.match(await site.run(blockWith(clock, 'curl -sI')), /^date: .* GMT/im);

    const release = commandsOf('bad-release.md');
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
    const blocks = commandsOf('../upgrade.md');
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
