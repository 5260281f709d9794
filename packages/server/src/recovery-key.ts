/**
 * A key for administrators who have lost all others.
 *
 * RECOVER-1: it is made by whoever has the folder of a node that does not run: the folder is locked while it is made, and a
 *     running node has it locked. Nobody else can make one: no operation of a node does.
 * RECOVER-2: the folder has its hash alone, and only until the node has put that into the replicated state, by which all
 *     nodes know it and any administrator can revoke it. It ends by itself after a day.
 * RECOVER-3: it proves an identity of its own, which nothing else proves: what is left of it when it has ended is of use to
 *     nobody, and no other key becomes an administrator's by it.
 */
import { readFile, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '@holdfast/engine';
import { recoveryIdentity } from '@holdfast/api/keys';

export const recoveryFile = 'recovery-key.json';
const validMs = 86_400_000;
const pauseMs = 500;

export interface Recovery {
  readonly id: string;
  readonly hash: string;
  readonly createdAtMs: number;
}

function readRecovery(text: string): Recovery | undefined {
  const value: unknown = JSON.parse(text);
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

interface RecoveryLog {
  warn(fields: object, message: string): void;
}

/** Puts a key that was made meanwhile into the replicated state (RECOVER-2), as soon as that goes. @returns Ends that. */
export function takeRecoveryKey(folder: string, engine: Engine, log: RecoveryLog): () => void {
  const path = join(folder, recoveryFile);
  if (!existsSync(path)) return () => undefined;
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  const attempt = async (): Promise<void> => {
    const recovery = readRecovery(await readFile(path, 'utf8'));
    if (recovery === undefined) {
      log.warn({ path }, 'This is no recovery key. Remove the file and make another one.');
      return;
    }
    const { id, hash, createdAtMs } = recovery;
    const expiresAtMs = createdAtMs + validMs;
    const identity = recoveryIdentity(id); // RECOVER-3
    const result = await engine.submit(
      {
        type: 'auth_create_key',
        id,
        hash,
        identity,
        createdAtMs,
        expiresAtMs,
        roles: ['admin'],
      },
      { identity: 'holdfast' },
    );
    if (!result.ok) {
      // Kept: it is taken at the next start, when an administrator or another version may have made room.
      log.warn({ code: result.code }, `A recovery key is not valid yet: ${result.message}`);
      return;
    }
    log.warn(
      { key_id: id, identity },
      'A recovery key that was made in the folder of this node is valid for a day: revoke it when it was used.',
    );
    await rm(path, { force: true });
  };
  const go = (): void => {
    attempt().catch(() => {
      // No leader yet, say.
      if (!isOver) timer = setTimeout(go, pauseMs).unref();
    });
  };
  go();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
