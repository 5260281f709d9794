/** One client in a process of its own, so that it can be stopped past its lease, or killed. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clearAtEnd } from '../leftovers.ts';
import { readJournal } from './journal.ts';
import type { LockOperation } from './journal.ts';

const stopTimeoutMs = 15_000;

export interface ClientOptions {
  readonly name: string;
  readonly folder: string;
  readonly urls: readonly string[];
  readonly locks: readonly string[];
}

export class ClientProcess {
  readonly name: string;
  readonly #options: ClientOptions;
  readonly #journals: string[] = [];
  #child: ChildProcess | undefined;
  #failure: string | undefined;

  constructor(options: ClientOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get runs(): boolean {
    return this.#child !== undefined;
  }

  /** What made it end by itself; it never should. */
  get failure(): string | undefined {
    return this.#failure;
  }

  start(): void {
    const { name, folder, urls, locks } = this.#options;
    const journal = join(folder, `${name}-${String(this.#journals.length + 1)}.journal`);
    this.#journals.push(journal);
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const entry = fileURLToPath(new URL(`./client-entry.${extension}`, import.meta.url));
    const child = fork(entry, [], {
      execArgv: process.execArgv.filter((flag) => flag.startsWith('--conditions')),
      env: {
        ...process.env,
        CHAOS_CLIENT: name,
        CHAOS_URLS: urls.join(','),
        CHAOS_LOCKS: locks.join(','),
        CHAOS_JOURNAL: journal,
      },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      detached: true,
    });
    this.#child = child;
    let complaint = '';
    child.stderr?.on('data', (bytes: Buffer) => {
      complaint = (complaint + bytes.toString('utf8')).slice(-2000);
    });
    const forget = clearAtEnd(() => child.kill('SIGKILL'));
    child.once('exit', (code) => {
      forget();
      if (this.#child === child) this.#child = undefined;
      if (code !== null && code !== 0) this.#failure = complaint;
    });
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const gone = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
    });
    child.kill('SIGKILL');
    await gone;
  }

  /** Lets it finish what it has begun. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const gone = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    child.kill('SIGCONT');
    child.send('stop');
    await gone;
    clearTimeout(timer);
  }

  /** Everything that its processes wrote down. Only when none runs. */
  history(): LockOperation[] {
    return this.#journals
      .filter((path) => existsSync(path))
      .flatMap((path, index) => readJournal(`${this.name}.${String(index + 1)}`, path));
  }
}
