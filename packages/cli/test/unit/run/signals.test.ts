/** Real processes, without a terminal: what is sent to whoever runs a command, and what the command does with it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runGuarded } from '../../../src/run/guarded-command.ts';
import { untilSo } from '../../../../checker/src/waits.ts';

const holderProgram = fileURLToPath(new URL('./renewing-holder.ts', import.meta.url));
const onLinux = process.platform === 'linux' ? false : 'signals of Linux';
const handled = 'HUP INT QUIT USR1 USR2 ALRM XCPU VTALRM WINCH ABRT SYS';
const sent = [...handled.split(' '), ...(process.arch === 'x64' ? ['TRAP'] : [])];

const lease = {
  signal: new AbortController().signal,
  validForMs: () => 60_000,
  graceMs: 100,
};

class Holder {
  readonly child;
  #told = '';

  constructor(lengthMs: number, script: string) {
    this.child = spawn(
      process.execPath,
      ['--conditions=source', holderProgram, String(lengthMs), 'sh', '-c', script],
      { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
    );
    this.child.stdout.on('data', (chunk: Buffer) => (this.#told += chunk.toString()));
    this.child.stderr.on('data', (chunk: Buffer) => (this.#told += chunk.toString()));
  }

  async tells(wanted: RegExp): Promise<RegExpExecArray> {
    const what = (): string => `${String(wanted)} in: ${this.#told}`;
    const look = () => {
      assert.equal(this.child.signalCode, null, what());
      return wanted.exec(this.#told) ?? undefined;
    };
    return untilSo(look, { what, longestMs: 20_000, pauseMs: 5 });
  }

  /** As the kernel knows it: T is stopped. */
  async stateIs(pid: number, wanted: RegExp): Promise<void> {
    const isSo = () => wanted.test(readFileSync(`/proc/${String(pid)}/stat`, 'utf8'));
    const what = `process ${String(pid)} is ${String(wanted)}`;
    await untilSo(isSo, { what, longestMs: 20_000, pauseMs: 5 });
  }

  get pid(): number {
    assert.ok(this.child.pid !== undefined);
    return this.child.pid;
  }

  [Symbol.dispose](): void {
    this.child.kill('SIGKILL');
  }
}

describe('signals to whoever runs a command (SIG-1)', { skip: onLinux }, () => {
  it('reach the command, which decides what becomes of it; none ends who runs it before', async () => {
    const traps = sent.map((name) => `trap 'echo got ${name}' ${name}`).join('; ');
    using holder = new Holder(
      60_000,
      `${traps}; trap 'exit 9' TERM; echo runs; while :; do sleep 0.02; done`,
    );
    await holder.tells(/runs/);
    for (const name of sent) {
      holder.child.kill(`SIG${name}` as NodeJS.Signals);
      await holder.tells(new RegExp(`got ${name}`));
    }
    // Node ignores it, and so it ends nobody.
    holder.child.kill('SIGXFSZ');
    holder.child.kill('SIGTERM');
    await holder.tells(/"status":9,"leaseLost":false/);
  });

  it('that the command does not handle end it, and are told with its status', async () => {
    for (const [name, number] of [
      ['SIGQUIT', 3],
      ['SIGUSR1', 10],
      ['SIGUSR2', 12],
    ] as const) {
      using holder = new Holder(60_000, 'ulimit -c 0; echo runs; exec sleep 60');
      await holder.tells(/runs/);
      holder.child.kill(name);
      await holder.tells(new RegExp(`"status":${String(128 + number)},"leaseLost":false`));
    }
  });

  it('stop and continue the command with who runs it (GUARDED-6)', async () => {
    using holder = new Holder(60_000, 'echo runs $$ end; exec sleep 60');
    const [, pid = ''] = await holder.tells(/runs (\d+) end/);
    holder.child.kill('SIGTSTP');
    await holder.stateIs(Number(pid), /\) T /);
    await holder.stateIs(holder.pid, /\) T /);
    holder.child.kill('SIGCONT');
    await holder.stateIs(Number(pid), /\) [SRD] /);
    holder.child.kill('SIGTERM');
    await holder.tells(/"status":143,"leaseLost":false/);
  });
});

describe('a command that a real-time signal ends', { skip: onLinux }, () => {
  it('has the status 128 and its number, never 0 (LAUNCH-2)', async () => {
    for (const number of [34, 50, 64]) {
      const end = await runGuarded(['sh', '-c', `kill -${String(number)} $$; sleep 60`], {}, lease);
      assert.equal(end.status, 128 + number);
    }
  });
});

describe('what a command finds', () => {
  it('is the whole environment, also what a shell would forget, and no file that is not its own', async () => {
    process.env['holdfast.dotted-name'] = 'a "value" of $HOME';
    const program = `
const { readdirSync, readlinkSync } = require('node:fs');
const names = Object.keys(process.env);
const same = process.env['holdfast.dotted-name'] === 'a "value" of ' + String.fromCharCode(36) + 'HOME';
const carried = names.some((name) => name.startsWith('HOLDFAST_CARRIED'));
const open = process.platform === 'linux' ? readdirSync('/proc/self/fd').filter((fd) => fd === '3' || fd === '4') : [];
const kinds = open.map((fd) => readlinkSync('/proc/self/fd/' + fd)).filter((path) => path.startsWith('socket:'));
process.exit(same && !carried && kinds.length === 0 && process.env.TOKEN === '42' ? 5 : 6);`;
    try {
      const end = await runGuarded([process.execPath, '-e', program], { TOKEN: '42' }, lease);
      assert.equal(end.status, 5);
    } finally {
      delete process.env['holdfast.dotted-name'];
    }
  });
});

describe('a signal that comes before the command begins', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    it(`(${signal}) is told with its status, and the command never begins`, async () => {
      const ending = runGuarded(['sh', '-c', 'exit 9'], {}, lease);
      process.emit(signal, signal);
      const { status, leaseLost } = await ending;
      assert.deepEqual([status, leaseLost], [128 + constants.signals[signal], false]);
    });
});
