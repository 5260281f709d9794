/** One node as its operator runs it: `holdfast` in a process of its own. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clearAtEnd } from '../leftovers.ts';
import type { AskUrl } from './shown.ts';

/** No promise: on a machine that others use much, the start of a process alone takes long. */
const startTimeoutMs = 60_000;
/** Longer than a node takes that has to leave what hangs. */
const stopTimeoutMs = 10_000;
const logEndBytes = 3000;

export interface NodeProcessOptions {
  readonly nodeId: string;
  readonly folder: string;
  readonly httpPort: number;
  /** What `holdfast` is told to run. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** How it is asked where it has TLS; absent: it has none. */
  readonly ask?: AskUrl;
}

export class NodeProcess {
  readonly nodeId: string;
  readonly url: string;
  /** As `fetch`. */
  readonly ask: AskUrl;
  readonly dataFolder: string;
  readonly #options: NodeProcessOptions;
  readonly #logPath: string;
  #child: ChildProcess | undefined;
  #stopped = false;

  constructor(options: NodeProcessOptions) {
    this.#options = options;
    this.nodeId = options.nodeId;
    const scheme = options.ask === undefined ? 'http' : 'https';
    this.url = `${scheme}://127.0.0.1:${String(options.httpPort)}`;
    this.ask = options.ask ?? fetch;
    this.dataFolder = join(options.folder, 'data');
    this.#logPath = join(options.folder, 'node.log');
    mkdirSync(options.folder, { recursive: true });
  }

  get runs(): boolean {
    return this.#child !== undefined;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** It runs and is not paused. */
  get isAwake(): boolean {
    return this.runs && !this.#stopped;
  }

  /** Starts it; resolves when it serves clients. @throws Error when it ends before that; the message holds the end of its log. */
  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error(`${this.nodeId} runs already.`);
    const log = openSync(this.#logPath, 'a');
    const flags = process.execArgv.filter((flag) => flag.startsWith('--conditions'));
    const child = spawn(process.execPath, [...flags, commandPath(), ...this.#options.command], {
      detached: true, // Ctrl-C is for this program, which stops its nodes in order.
      stdio: ['ignore', log, log, 'ipc'],
      env: {
        ...process.env,
        HOLDFAST_STOP_WITH_PARENT: '1',
        ...this.#options.environment,
      },
    });
    closeSync(log);
    this.#child = child;
    this.#stopped = false;
    const forget = clearAtEnd(() => child.kill('SIGKILL'));
    child.once('exit', () => {
      forget();
      if (this.#child === child) this.#child = undefined;
    });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`${this.nodeId} did not start in time. ${this.logEnd()}`));
      }, startTimeoutMs);
      child.once('message', () => {
        clearTimeout(timer);
        resolve();
      });
      child.once('exit', (code, signal) => {
        clearTimeout(timer);
        reject(new Error(`${this.nodeId} ended (${signal ?? String(code)}). ${this.logEnd()}`));
      });
    });
  }

  /** Resolves when the process is gone. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const gone = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    child.kill(signal);
    if (this.#stopped) child.kill('SIGCONT');
    await gone;
    clearTimeout(timer);
  }

  standStill(): void {
    this.#stopped = true;
    this.#child?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#stopped = false;
    this.#child?.kill('SIGCONT');
  }

  /** As much as it has logged. */
  get loggedBytes(): number {
    return statSync(this.#logPath).size;
  }

  /** Whether it has logged this since it had logged so much. */
  hasLogged(text: string, sinceBytes: number): boolean {
    return readFileSync(this.#logPath).subarray(sinceBytes).includes(text);
  }

  logEnd(): string {
    return `The end of its log:\n${readFileSync(this.#logPath, 'utf8').slice(-logEndBytes)}`;
  }
}

/** The `holdfast` command, from the sources where this program runs from them. */
function commandPath(): string {
  const index = fileURLToPath(import.meta.resolve('@holdfast/cli'));
  return index.replace(/index\.(ts|js)$/, 'main.$1');
}
