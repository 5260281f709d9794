/** Whether a server votes, as its data say (R4, R5). */
import { HoldfastError } from '@holdfast/protocol';
import type { RedisProcess } from './connection.ts';
import type { ServerFacts } from './facts.ts';
import { bindScript, serverKey } from './scripts.ts';

/** `VOTING`, `NOT_VOTING` or `WRONG_EPOCH`; the epoch of its data, their largest token and their longest ttl. */
export function bind(
  server: RedisProcess,
  epoch: number,
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  const { facts } = server;
  const args = [facts.runId, epoch, durableText(facts), isWhole(facts) ? 1 : 0];
  return server.run(bindScript, [serverKey], args, signal);
}

export const durableText = ({ isDurable }: ServerFacts): string =>
  isDurable === undefined ? '' : isDurable ? '1' : '0';

/** R5. */
const isWhole = ({ isDurable, wasPromoted }: ServerFacts): boolean =>
  isDurable === true && !wasPromoted;

/** Why a step was not done; undefined: it was. */
export function refusalIn(
  name: string,
  epoch: number,
  [status, value]: readonly unknown[],
): HoldfastError | undefined {
  if (status === 'NOT_VOTING')
    return new HoldfastError(
      'not_voting',
      `${name} is new, or has restarted and may have lost data: it does not vote until it is admitted.`,
      { voter: name },
    );
  if (status === 'WRONG_EPOCH')
    return new HoldfastError(
      'wrong_epoch',
      `${name} is of configuration ${String(value)}, not ${String(epoch)}.`,
      { epoch: Number(value) },
    );
  if (status === 'TTL_TOO_LONG')
    return new HoldfastError(
      'invalid_request',
      `A ttl must be at most ${String(value)} ms on ${name}, the longest ttl with which it was admitted.`,
      { field: 'ttl_ms', limit: Number(value) },
    );
  return undefined;
}
