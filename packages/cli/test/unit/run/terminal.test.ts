/** Commands on a real terminal, with a shell that has job control: its user types, stops and continues. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertSoon } from '../../../../checker/src/waits.ts';

const shellProgram = fileURLToPath(new URL('./job-shell.py', import.meta.url));
const holderProgram = fileURLToPath(new URL('./renewing-holder.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'holdfast-terminal-'));
after(() => rmSync(folder, { recursive: true }));

const hasPython = spawnSync('python3', ['-c', 'import pty']).status === 0;
const missing =
  process.platform === 'linux' && hasPython
    ? false
    : 'a terminal is given to commands on Linux only, and made by python3';
/** Less than what a whole file may take with a planted fault. */
const waitMs = 15_000;

/** What somebody sees and types. */
class Screen {
  readonly #shell;
  #shown = '';

  constructor(lengthMs: number, script: string) {
    this.#shell = spawn('python3', [
      shellProgram,
      process.execPath,
      '--conditions=source',
      holderProgram,
      String(lengthMs),
      'sh',
      '-c',
      script,
    ]);
    this.#shell.stdout.on('data', (chunk: Buffer) => (this.#shown += chunk.toString()));
    this.#shell.stderr.on('data', (chunk: Buffer) => (this.#shown += chunk.toString()));
  }

  type(text: string): void {
    this.#shell.stdin.write(text);
  }

  /** Waits until it shows, and takes all up to there away. */
  async shows(wanted: RegExp): Promise<string> {
    const look = () => wanted.exec(this.#shown)?.[0];
    const what = (): string => `${String(wanted)} is on the screen: ${this.#shown}`;
    const found = await assertSoon(look, { what, longestMs: waitMs, pauseMs: 10 });
    this.#shown = this.#shown.slice(this.#shown.indexOf(found) + found.length);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#shell.exitCode !== null) return;
    this.#shell.kill('SIGKILL');
    await once(this.#shell, 'close');
  }
}

describe('a command on a terminal', { skip: missing }, () => {
  it('asks there, and is answered; then the terminal is whose it was', async () => {
    await using screen = new Screen(
      60_000,
      'printf "word? " >/dev/tty; read -r word </dev/tty; echo "heard $word"; exit 7',
    );
    await screen.shows(/word\? /);
    screen.type('open\n');
    await screen.shows(/heard open/);
    await screen.shows(/"status":7,"leaseLost":false/);
    await screen.shows(/\[exit 7\] \[foreground job\]/);
  });

  it('ends at Ctrl-C, and so does the group of who runs it, as if nothing were between', async () => {
    await using screen = new Screen(60_000, 'echo runs; exec sleep 60');
    await screen.shows(/runs/);
    screen.type('\u0003');
    await screen.shows(/"status":130,"leaseLost":false/);
    await screen.shows(/\[signal 2\]/);
  });

  it('that handles Ctrl-C itself goes on', async () => {
    await using screen = new Screen(
      60_000,
      `trap 'echo caught' INT; echo runs; read -r word; read -r word; exit 4`,
    );
    await screen.shows(/runs/);
    screen.type('\u0003');
    await screen.shows(/caught/);
    screen.type('one\ntwo\n');
    await screen.shows(/\[exit 4\]/);
  });

  it('stopped by Ctrl-Z and continued in time is under its lease as before', async () => {
    await using screen = new Screen(60_000, 'echo runs; read -r word; echo "heard $word"');
    await screen.shows(/runs/);
    screen.type('\u001A');
    await screen.shows(/\[stopped\]/);
    screen.type('fg\n');
    screen.type('open\n');
    await screen.shows(/heard open/);
    await screen.shows(/"status":0,"leaseLost":false/);
    await screen.shows(/\[exit 0\] \[foreground job\]/);
  });

  it('stopped by Ctrl-Z for longer than its lease is gone; that is told when it is continued', async () => {
    await using screen = new Screen(1500, 'echo runs $$ end; read -r word');
    const [, pid = ''] = (await screen.shows(/runs \d+ end/)).split(' ');
    screen.type('\u001A');
    await screen.shows(/\[stopped\]/);
    // Nobody has waited for it yet: Z.
    const isGone = () => /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    await assertSoon(isGone, { what: 'the command is gone', longestMs: waitMs, pauseMs: 10 });
    screen.type('fg\n');
    await screen.shows(/"leaseLost":true/);
  });

  it('continued in the background runs on, and asks when it is in front again', async () => {
    const mark = join(folder, 'mark');
    await using screen = new Screen(
      60_000,
      `echo runs; sleep 1000 & read -r word; echo "heard $word"; touch ${mark}; kill $!`,
    );
    await screen.shows(/runs/);
    screen.type('\u001A');
    await screen.shows(/\[stopped\]/);
    // It wants to read, and is stopped for that: its shell hears of it again, or it waits.
    screen.type('bg\n');
    await screen.shows(/\[stopped\]/);
    screen.type('fg\n');
    screen.type('open\n');
    await screen.shows(/heard open/);
    await screen.shows(/\[exit 0\]/);
    assert.ok(existsSync(mark));
  });
});
