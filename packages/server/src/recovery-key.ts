/**
 * A key for administrators who have lost all others.
 *
 * RECOVER-1: it is made by whoever has the folder of a node that does not run: the folder is locked while it is made, and a
 *     running node has it locked. Nobody else can make one: no operation of a node does.
 * RECOVER-2: the folder has its hash alone, and only until the node has put that into the replicated state, by which all
 *     nodes know it and any administrator can revoke it. It ends by itself after a day.
 * RECOVER-3: it proves an identity of its own, which nothing else proves: what is left of it when it has ended is of use to
 *     nobody, and no other key becomes an administrator's by it.
 * RECOVER-4: it is put into the replicated state at most once: its file has another name, durably, before that is tried, and is not
 *     read under that name. A key that was revoked does not come back by a restart.
 * RECOVER-5: what keeps a key from being taken is told, with what to do about it. Only a leader is waited for.
 * RECOVER-6: root makes it in a folder whose owner may be hostile: nothing that has a name there is opened, changed or given to the
 *     owner. A file of a new name is made, belongs to the owner then, and takes the name of the key's file durably.
 */
import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '@holdfast/engine';
import { recoveryIdentity } from '@holdfast/api/keys';
import { HoldfastError } from '@holdfast/protocol';
import { askedDiskError } from '@holdfast/storage';
import { fileDisk, removeDurably, renameDurably } from '@holdfast/storage/parts';

export const recoveryFile = 'recovery-key.json';
/** RECOVER-4. */
const takenFile = `${recoveryFile}.taken`;
const validMs = 86_400_000;
const pauseMs = 500;

export interface RecoveryKey {
  readonly id: string;
  readonly hash: string;
  readonly createdAtMs: number;
}

function readRecovery(text: string): RecoveryKey | undefined {
  const value = parsed(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, hash, createdAtMs } = value as Readonly<Record<string, unknown>>;
  const isOne =
    typeof id === 'string' &&
    /^k[0-9a-f]{16}$/.test(id) &&
    typeof hash === 'string' &&
    /^[0-9a-f]{64}$/.test(hash) &&
    typeof createdAtMs === 'number';
  return isOne ? { id, hash, createdAtMs } : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface RecoveryLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Puts a key that was made meanwhile into the replicated state (RECOVER-2), as soon as that goes. @returns Ends that. */
export function takeRecoveryKey(
  folder: string,
  engine: Pick<Engine, 'status' | 'submit'>,
  log: RecoveryLog,
): () => void {
  const [path, taken] = [join(folder, recoveryFile), join(folder, takenFile)];
  if (!existsSync(path) && !existsSync(taken)) return () => undefined;
  const taking = new Taking(path, taken, engine, log);
  void taking.run();
  return () => taking.end();
}

class Taking {
  readonly #path: string;
  readonly #taken: string;
  readonly #engine: Pick<Engine, 'status' | 'submit'>;
  readonly #log: RecoveryLog;
  #isOver = false;
  #endPause = (): void => undefined;

  constructor(
    path: string,
    taken: string,
    engine: Pick<Engine, 'status' | 'submit'>,
    log: RecoveryLog,
  ) {
    this.#path = path;
    this.#taken = taken;
    this.#engine = engine;
    this.#log = log;
  }

  end(): void {
    this.#isOver = true;
    this.#endPause();
  }

  /** Does not throw. */
  async run(): Promise<void> {
    try {
      await this.#tellLeft();
      if (!existsSync(this.#path)) return;
      const recovery = await this.#read();
      if (recovery !== undefined) await this.#take(recovery);
    } catch (error) {
      // RECOVER-5
      this.#log.error(
        { error: String(error), path: this.#path },
        'The recovery key in the folder of this node is not valid. Put right what the error names and start the node again, or make another key ("holdfast auth recover").',
      );
    }
  }

  /** The process before ended while it put the key into the state: whether it did is not known. */
  async #tellLeft(): Promise<void> {
    if (!existsSync(this.#taken)) return;
    this.#log.warn(
      { path: this.#taken },
      'This node ended while it made a recovery key valid: the key may be valid or not. If it is refused, make another one ("holdfast auth recover").',
    );
    await this.#removeTaken();
  }

  /** Undefined: it is none, which is told. @throws DiskError */
  async #read(): Promise<RecoveryKey | undefined> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      throw await askedDiskError(error, 'read', this.#path);
    }
    const recovery = readRecovery(text);
    if (recovery === undefined)
      this.#log.warn(
        { path: this.#path },
        'This is no recovery key. Remove the file and make another one.',
      );
    return recovery;
  }

  async #take(recovery: RecoveryKey): Promise<void> {
    while (!this.#isOver && this.#engine.status().leader === null) await this.#pause();
    if (this.#isOver) return;
    await renameDurably(fileDisk, this.#path, this.#taken); // RECOVER-4
    const outcome = await this.#submit(recovery);
    if (outcome === 'not_done') await renameDurably(fileDisk, this.#taken, this.#path);
    else await this.#removeTaken();
  }

  /** What was told of the key holds whether its file goes or not, since it is not read again (RECOVER-4). Does not throw. */
  async #removeTaken(): Promise<void> {
    try {
      await removeDurably(fileDisk, this.#taken);
    } catch (error) {
      // RECOVER-5
      this.#log.error(
        { error: String(error), path: this.#taken },
        'The file of a recovery key that this node has tried already could not be removed. That does not change whether the key is valid: the file is not read again. Put right what the error names, then remove the file if it is still there.',
      );
    }
  }

  /** `done`: or it is not known that it is not. */
  async #submit({ id, hash, createdAtMs }: RecoveryKey): Promise<'done' | 'not_done'> {
    const identity = recoveryIdentity(id); // RECOVER-3
    const expiresAtMs = createdAtMs + validMs;
    const key = { id, hash, identity, createdAtMs, expiresAtMs, roles: ['admin'] };
    for (;;) {
      try {
        const result = await this.#engine.submit(
          { type: 'auth_create_key', ...key },
          { identity: 'holdfast' },
        );
        if (result.ok)
          this.#log.warn(
            { key_id: id, identity },
            'A recovery key that was made in the folder of this node is valid for a day: revoke it when it was used.',
          );
        // Kept: it is taken at the next start, when an administrator or another version may have made room.
        else
          this.#log.warn(
            { code: result.code },
            `A recovery key is not valid yet: ${result.message}`,
          );
        return result.ok ? 'done' : 'not_done';
      } catch (error) {
        if (!(error instanceof HoldfastError) || error.effect !== 'none') {
          // RECOVER-4: who asks again could bring back what was revoked meanwhile.
          this.#log.warn(
            { error: String(error), key_id: id },
            'It is not known whether a recovery key became valid. If it is refused, make another one ("holdfast auth recover").',
          );
          return 'done';
        }
        if (this.#isOver) return 'not_done';
        await this.#pause();
      }
    }
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pauseMs);
      timer.unref();
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
