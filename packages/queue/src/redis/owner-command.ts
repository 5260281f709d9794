/** What one node asks of another one that owns a partition, what that answers, and how both are read. */
import { HoldfastError } from '@holdfast/protocol';
import { belongsTo, unknownPart } from '@holdfast/state';
import type { CommandResult, QueueCommand } from '@holdfast/state';
import { isAnswer } from './answers.ts';
import type { Executed } from './partitions.ts';

export interface OwnerCommand {
  readonly command: QueueCommand;
  readonly identity: string;
  readonly authorizedAt: number;
  /** For so long its answer is waited for (LATE-1 of partitions.ts). */
  readonly leftMs: number;
  /** SPREAD-1. Absent: as of one owner. */
  readonly mostTaken?: number;
}

/** What a member of an earlier version waits for an answer, which does not say so. */
const unsaidMs = 10_000;

/**
 * @param level What this node's program knows.
 * @throws HoldfastError `invalid_request`
 */
export function readOwnerCommand(body: unknown, level: number): OwnerCommand {
  const asked = isAnswer(body) ? body : {};
  const { identity, authorizedAt = 0, leftMs = unsaidMs, mostTaken } = asked;
  const command = asked['command'] as QueueCommand | undefined;
  const isKnown = command !== undefined && unknownPart(command, level) === undefined;
  const hasMost = typeof mostTaken === 'number';
  if (
    !isKnown ||
    typeof identity !== 'string' ||
    typeof authorizedAt !== 'number' ||
    typeof leftMs !== 'number' ||
    !(mostTaken === undefined || hasMost)
  )
    throw new HoldfastError(
      'invalid_request',
      'A member sent a command that this version does not know. Upgrade this node.',
    );
  return { command, identity, authorizedAt, leftMs, ...(hasMost ? { mostTaken } : {}) };
}

/**
 * What an owner answered to a command.
 *
 * @throws HoldfastError `outcome_unknown`: it may have been executed.
 */
export function executedOf(command: QueueCommand, answer: unknown): Executed {
  if (isAnswer(answer)) {
    const { type, result, dueInMs } = answer;
    if (type === 'not_owner') return { type };
    const isDue = dueInMs === undefined || typeof dueInMs === 'number';
    if (type === 'done' && isDue && isResultOf(command, result))
      return { type, result, ...(dueInMs === undefined ? {} : { dueInMs }) };
  }
  throw new HoldfastError(
    'outcome_unknown',
    'A member answered with what this version does not know. The request may have been executed. Read the state first.',
  );
}

function isResultOf(command: QueueCommand, result: unknown): result is CommandResult {
  if (!isAnswer(result)) return false;
  if (result['ok'] === false)
    return typeof result['code'] === 'string' && typeof result['message'] === 'string';
  const { type } = result;
  return result['ok'] === true && typeof type === 'string' && belongsTo(command.type, type);
}

/** RSTORE-1: what was not asked was not executed either. */
export function notAskedIsNotOwner(error: unknown): Executed {
  if (error instanceof HoldfastError && error.code === 'store_unavailable')
    return { type: 'not_owner' };
  throw error;
}

export const accessChanged = (identity: string): HoldfastError =>
  new HoldfastError(
    'access_changed',
    `What "${identity}" may do has changed since this request was authorized. Nothing was done. Try again.`,
  );

/** RSTORE-2: owners that were asked before have executed it. */
export const partlyDone = (error: unknown): unknown =>
  error instanceof HoldfastError && error.code === 'access_changed'
    ? new HoldfastError(
        'outcome_unknown',
        'What the caller may do has changed while this was executed. Part of it was done. Read the state first.',
      )
    : error;
