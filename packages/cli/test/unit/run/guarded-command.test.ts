/** Real processes, no cluster: the lease is the test's own. Each test names the invariant it would miss. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { machineClocks } from '../../../src/run/certain-time.ts';
import { CommandNotStarted, runGuarded } from '../../../src/run/guarded-command.ts';
import type { CommandEnd, CommandLease } from '../../../src/run/guarded-command.ts';
import { untilSo } from '../../../../checker/src/waits.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-guard-'));
after(() => rmSync(folder, { recursive: true }));

const stubbornProgram = fileURLToPath(new URL('./stubborn.ts', import.meta.url));
const holderProgram = fileURLToPath(new URL('./holder.ts', import.meta.url));
const now = (): number => machineClocks.monotonicMs();

class TestLease implements CommandLease {
  readonly #controller = new AbortController();
  readonly graceMs: number;
  untilMs: number;

  constructor(forMs: number, graceMs: number) {
    this.untilMs = now() + forMs;
    this.graceMs = graceMs;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  readonly validForMs = (): number => Math.max(0, this.untilMs - now());

  lose(): void {
    this.#controller.abort();
  }
}

/** A command that ignores SIGTERM, with a child that does so too, and what both have noted. */
class Stubborn {
  readonly command: readonly string[];
  readonly #files: readonly [string, string];

  constructor(label: string) {
    this.#files = [join(folder, `${label}-own`), join(folder, `${label}-child`)];
    this.command = [process.execPath, stubbornProgram, ...this.#files];
  }

  notes(who: 0 | 1, what: string): readonly number[] {
    const file = this.#files[who];
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines
      .filter((line) => line.startsWith(`${what} `))
      .map((line) => Number(line.split(' ')[1]));
  }

  lastSign(): number {
    return Math.max(...this.notes(0, 'alive'), ...this.notes(1, 'alive'));
  }

  async begun(): Promise<void> {
    await until('command and child', () =>
      [0, 1].every((who) => this.notes(who === 0 ? 0 : 1, 'alive').length > 0),
    );
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  await untilSo(holds, { what, longestMs: 10_000, pauseMs: 5 });
}

/** Processes of this machine whose command line holds the text. */
function processesWith(text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').includes(text);
      } catch {
        return false;
      }
    });
}

const shell = (script: string): readonly string[] => ['sh', '-c', script];

describe('a command under a lease', { concurrency: 4 }, () => {
  it('has its environment, and its exit status is passed on', async () => {
    const file = join(folder, 'environment');
    const lease = new TestLease(10_000, 100);
    const end = await runGuarded(shell(`echo $TOKEN > ${file}; exit 7`), { TOKEN: '42' }, lease);
    assert.deepEqual(end, { status: 7, leaseLost: false } satisfies CommandEnd);
    assert.equal(readFileSync(file, 'utf8'), '42\n');
  });

  it('that a signal ends has the status 128 + its number', async () => {
    const end = await runGuarded(shell('kill -TERM $$'), {}, new TestLease(10_000, 100));
    assert.equal(end.status, 143);
  });

  it('that is not there, or may not be executed, is told as a shell tells it', async () => {
    const file = join(folder, 'not-executable');
    writeFileSync(file, '');
    for (const [program, status] of [
      ['holdfast-no-such-program', 127],
      [file, 126],
    ] as const) {
      await assert.rejects(
        runGuarded([program], {}, new TestLease(10_000, 100)),
        (error) => error instanceof CommandNotStarted && error.status === status,
      );
    }
  });

  it('does not begin when the lease is not certain for longer than the grace', async () => {
    const file = join(folder, 'not-begun');
    for (const certainMs of [0, 100]) {
      const end = await runGuarded(shell(`touch ${file}`), {}, new TestLease(certainMs, 150));
      assert.equal(end.leaseLost, true);
    }
    assert.equal(existsSync(file), false);
  });

  it('runs on for as long as the lease is renewed', async () => {
    const lease = new TestLease(1200, 100);
    const renew = setInterval(() => {
      lease.untilMs = now() + 1200;
    }, 100);
    const end = await runGuarded(shell('sleep 2; exit 3'), {}, lease);
    clearInterval(renew);
    assert.deepEqual(end, { status: 3, leaseLost: false });
  });

  it('gets SIGTERM with the grace left, and its group is gone before the certain time is over (GUARDED-1)', async () => {
    const stubborn = new Stubborn('g1');
    const lease = new TestLease(20_000, 600);
    const running = runGuarded(stubborn.command, {}, lease);
    await stubborn.begun();
    lease.untilMs = now() + 1200;
    const end = await running;
    assert.equal(end.leaseLost, true);
    assert.ok(stubborn.lastSign() < lease.untilMs, 'gone in time');
    assert.ok(stubborn.lastSign() > lease.untilMs - 300, 'and not long before');
    for (const who of [0, 1] as const) {
      const [termAt = Number.NaN] = stubborn.notes(who, 'SIGTERM');
      assert.ok(Math.abs(lease.untilMs - 600 - termAt) < 250, 'SIGTERM when the grace began');
    }
  });

  it('gets SIGKILL at once when the lease is known to have ended (GUARDED-1)', async () => {
    const stubborn = new Stubborn('lost');
    const lease = new TestLease(20_000, 5000);
    const running = runGuarded(stubborn.command, {}, lease);
    await stubborn.begun();
    const lostAt = now();
    lease.lose();
    assert.equal((await running).leaseLost, true);
    assert.ok(stubborn.lastSign() - lostAt < 300);
  });

  it('is not allowed to go on when the lease is renewed after SIGTERM (GUARDED-3)', async () => {
    const stubborn = new Stubborn('g3');
    const lease = new TestLease(20_000, 700);
    const running = runGuarded(stubborn.command, {}, lease);
    await stubborn.begun();
    const firstUntilMs = now() + 1000;
    lease.untilMs = firstUntilMs;
    await until('SIGTERM', () => stubborn.notes(0, 'SIGTERM').length > 0);
    lease.untilMs = now() + 60_000;
    assert.equal((await running).leaseLost, true);
    assert.ok(stubborn.lastSign() < firstUntilMs);
  });

  it('leaves nothing of its group behind when it ends: the end is told after that (GUARDED-4)', async () => {
    const stubborn = new Stubborn('g4');
    const [node = '', ...parameters] = stubborn.command;
    const script = `"${node}" ${parameters.map((word) => `"${word}"`).join(' ')} & while [ ! -s "${parameters.at(-1) ?? ''}" ]; do sleep 0.01; done; exit 5`;
    const end = await runGuarded(shell(script), {}, new TestLease(20_000, 100));
    const toldAt = now();
    assert.deepEqual(end, { status: 5, leaseLost: false });
    assert.ok(stubborn.notes(0, 'SIGTERM').length > 0, 'asked first');
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(stubborn.lastSign() <= toldAt);
  });
});

describe('a command whose holder is gone', { concurrency: 4 }, () => {
  for (const [signal, what] of [
    ['SIGKILL', 'killed'],
    ['SIGSTOP', 'stopped'],
  ] as const) {
    it(`${what}: SIGTERM, and the group is gone before the certain time is over (GUARDED-2)`, async () => {
      const stubborn = new Stubborn(what);
      const holder = spawn(
        process.execPath,
        ['--conditions=source', holderProgram, '2000', '600', ...stubborn.command],
        { stdio: ['pipe', 'pipe', 'inherit'] },
      );
      await stubborn.begun();
      holder.stdin.write('count\n');
      const [line]: unknown[] = await once(holder.stdout, 'data');
      const { untilMs } = JSON.parse(String(line)) as { readonly untilMs: number };
      holder.kill(signal);
      await until('the end', () => now() > untilMs + 100);
      assert.ok(stubborn.lastSign() < untilMs);
      const [termAt = Number.NaN] = stubborn.notes(0, 'SIGTERM');
      assert.ok(termAt <= untilMs - 400, 'SIGTERM before');
      if (signal === 'SIGKILL') assert.ok(termAt < untilMs - 700, 'and at once');
      holder.kill('SIGKILL');
    });
  }
});

const needsProc = process.platform === 'linux' ? false : 'processes are found in /proc';

describe('a command whose guard is gone', { concurrency: 4, skip: needsProc }, () => {
  it('killed: the group is killed at once (GUARDED-5)', async () => {
    const stubborn = new Stubborn('guard-killed');
    const running = runGuarded(stubborn.command, {}, new TestLease(20_000, 100));
    await stubborn.begun();
    for (const pid of guardsOf(stubborn)) process.kill(pid, 'SIGKILL');
    const killedAt = now();
    await running;
    assert.ok(stubborn.lastSign() - killedAt < 500);
    assert.deepEqual(processesWith('guard-killed-own'), []);
  });

  it('stopped: the group is killed before the certain time is over (GUARDED-5)', async () => {
    const stubborn = new Stubborn('guard-stopped');
    const lease = new TestLease(20_000, 200);
    const running = runGuarded(stubborn.command, {}, lease);
    await stubborn.begun();
    lease.untilMs = now() + 1000;
    for (const pid of guardsOf(stubborn)) process.kill(pid, 'SIGSTOP');
    assert.equal((await running).leaseLost, true);
    assert.ok(stubborn.lastSign() < lease.untilMs);
  });
});

// Alone: the signal reaches every command of this process.
describe('a signal to its holder', () => {
  it('is passed on to the command, which decides itself', async () => {
    const file = join(folder, 'signalled');
    const script = `trap 'exit 9' INT; touch ${file}; while :; do sleep 0.02; done`;
    const running = runGuarded(shell(script), {}, new TestLease(20_000, 100));
    await until('the command', () => existsSync(file));
    process.emit('SIGINT', 'SIGINT');
    assert.deepEqual(await running, { status: 9, leaseLost: false });
  });
});

/** The guard's command line holds its own program and all of the command's. */
const guardsOf = (stubborn: Stubborn): readonly number[] =>
  processesWith('guard.ts').filter((pid) => processesWith(stubborn.command[2] ?? '').includes(pid));
