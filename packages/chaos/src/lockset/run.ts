/**
 * In the manner of Jepsen's lock-set: what a lock alone cannot do. A client is stopped past its lease
 * while it is between reading and writing; another one is given the lock and adds; then the first goes
 * on and writes what it read long ago. Where the store does not check the fence token what the other
 * added is lost; where it does, the zombie is refused and nothing is.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clearAtEnd } from '../leftovers.ts';
import { SharedSet } from './store.ts';
import type { LockService } from './taking.ts';
import type { FromWorker, ToWorker } from './worker-entry.ts';

const stepTimeoutMs = 30_000;

export interface LockSetOutcome {
  readonly fenced: boolean;
  readonly added: number;
  /** Acknowledged and not there at the end. */
  readonly lost: readonly string[];
  /** Writes that the store refused. */
  readonly refused: number;
  /** Zombies that still believed in their hold when they were back; never more than 0. */
  readonly believers: number;
}

class SetWorker {
  readonly #child: ChildProcess;
  readonly #said: FromWorker[] = [];
  #wake: (() => void) | undefined;

  constructor(environment: Readonly<Record<string, string>>) {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const entry = fileURLToPath(new URL(`./worker-entry.${extension}`, import.meta.url));
    this.#child = fork(entry, [], {
      execArgv: process.execArgv.filter((flag) => flag.startsWith('--conditions')),
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const forget = clearAtEnd(() => this.end());
    this.#child.once('exit', forget);
    this.#child.on('message', (message) => {
      this.#said.push(message as FromWorker);
      this.#wake?.();
    });
  }

  tell(message: ToWorker): void {
    this.#child.send(message);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The next thing that it says. */
  async next<T extends FromWorker['type']>(
    ...types: T[]
  ): Promise<Extract<FromWorker, { readonly type: T }>> {
    const deadlineMs = performance.now() + stepTimeoutMs;
    for (;;) {
      const message = this.#said.shift();
      if (message !== undefined) {
        if (!(types as string[]).includes(message.type))
          throw new Error(`A worker said "${message.type}" instead of "${types.join('" or "')}".`);
        return message as Extract<FromWorker, { readonly type: T }>;
      }
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) throw new Error(`A worker did not say "${types.join('" or "')}" in time.`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}

/**
 * @param urls Nodes of a cluster that runs, or of a quorum.
 * @param folder For the store.
 * @param service Whose locks they are: of sessions with a cluster, or leases of a quorum.
 * @param shown Environment by which its clients know what to show.
 */
export async function runLockSet(
  urls: readonly string[],
  folder: string,
  fenced: boolean,
  rounds: number,
  service: LockService = 'cluster',
  shown: Readonly<Record<string, string>> = {},
): Promise<LockSetOutcome> {
  const path = join(folder, `shared-set-${fenced ? 'fenced' : 'trusting'}.sqlite`);
  const environment = {
    LOCKSET_STORE: path,
    LOCKSET_FENCED: fenced ? '1' : '0',
    LOCKSET_URLS: urls.join(','),
    LOCKSET_SERVICE: service,
    ...shown,
  };
  const zombie = new SetWorker(environment);
  const other = new SetWorker(environment);
  const added: string[] = [];
  let refused = 0;
  let believers = 0;
  const note = (message: Extract<FromWorker, { readonly type: 'added' | 'refused' }>): void => {
    if (message.type === 'added') added.push(message.element);
    else refused += 1;
  };
  try {
    await Promise.all([zombie.next('ready'), other.next('ready')]);
    for (let round = 1; round <= rounds; round++) {
      zombie.tell({ add: `zombie-${String(round)}` });
      await zombie.next('read');
      zombie.signal('SIGSTOP');
      // The other is given the lock only when the lease of the first is over.
      for (const part of ['a', 'b']) {
        other.tell({ add: `other-${String(round)}${part}` });
        await other.next('read');
        other.tell('go');
        note(await other.next('added', 'refused'));
      }
      zombie.tell('go');
      zombie.signal('SIGCONT');
      const back = await zombie.next('added', 'refused');
      note(back);
      if (back.stillHeld) believers += 1;
    }
  } finally {
    zombie.end();
    other.end();
  }
  const store = new SharedSet(path);
  const present = new Set(store.read());
  store.close();
  const lost = added.filter((element) => !present.has(element));
  return { fenced, added: added.length, lost, refused, believers };
}
