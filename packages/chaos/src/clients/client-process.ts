/** One client in a process of its own, so that it can be stopped past its lease, or killed. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clearAtEnd } from '../leftovers.ts';
import { firstWord } from './first-word.ts';

/** No promise: on a machine that others use much, the start of a process alone takes long. */
const startTimeoutMs = 60_000;
const stopTimeoutMs = 15_000;

export interface ClientOptions {
  readonly name: string;
  /** For its journals. */
  readonly folder: string;
  /** Its program, as a URL without an extension. */
  readonly program: URL;
  /** Beside CHAOS_CLIENT and CHAOS_JOURNAL. Asked for at each start: nodes come and go meanwhile. */
  readonly environment: () => Readonly<Record<string, string>>;
}

/** What one process of a client wrote down. */
export interface WrittenJournal {
  readonly client: string;
  readonly path: string;
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

  /** Resolves when it runs: what it is given from then on is not delayed by its start. @throws Error when it does not in time. */
  async start(): Promise<void> {
    const { name, folder, program } = this.#options;
    const journal = join(folder, `${name}-${String(this.#journals.length + 1)}.journal`);
    this.#journals.push(journal);
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const entry = fileURLToPath(`${program.href}.${extension}`);
    const child = fork(entry, [], {
      execArgv: process.execArgv.filter((flag) => flag.startsWith('--conditions')),
      env: {
        ...process.env,
        ...this.environment,
        CHAOS_CLIENT: name,
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
    child.on('message', (message) => {
      if (message !== firstWord) this.hear(message);
    });
    const forget = clearAtEnd(() => child.kill('SIGKILL'));
    child.once('exit', (code) => {
      forget();
      if (this.#child === child) this.#child = undefined;
      if (code !== null && code !== 0) this.#failure = complaint;
      this.ended();
    });
    await this.#untilItRuns(child);
  }

  #untilItRuns(child: ChildProcess): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        clearTimeout(timer);
        reject(new Error(`${this.name} ${why} before it ran.`));
      };
      const timer = setTimeout(() => fail(`took ${String(startTimeoutMs)} ms`), startTimeoutMs);
      child.once('exit', () => fail('ended'));
      child.once('message', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal);
  }

  /** Of the process that is started next. */
  protected get environment(): Readonly<Record<string, string>> {
    return this.#options.environment();
  }

  /** What it says over IPC. */
  protected hear(_message: unknown): void {
    // One of the kind that says nothing.
  }

  /** Whatever it was asked for, it will not say. */
  protected ended(): void {
    // Nobody waits for one that says nothing.
  }

  tell(message: object): void {
    this.#child?.send(message);
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
  journals(): WrittenJournal[] {
    return this.#journals
      .map((path, index) => ({ client: `${this.name}.${String(index + 1)}`, path }))
      .filter(({ path }) => existsSync(path));
  }
}
