/** Whether a server votes, as its data say (REDIS-4, REDIS-5). */
import { HoldfastError, setIdOf, textOfSet } from '@holdfast/protocol';
import type { QuorumSet } from '@holdfast/protocol';
import type { RedisProcess } from './connection.ts';
import type { ServerFacts } from './facts.ts';
import { bindScript, serverKey } from './scripts.ts';

/** `VOTING`, `NOT_VOTING`, `WRONG_EPOCH` or `ANOTHER_SET`, and what bindScript tells then. */
export function bind(
  server: RedisProcess,
  set: QuorumSet,
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  const { facts } = server;
  const args = [facts.runId, set.epoch, durableText(facts), isWhole(facts) ? 1 : 0, setIdOf(set)];
  return server.run(bindScript, [serverKey], args, signal);
}

export const durableText = ({ isDurable }: ServerFacts): string =>
  isDurable === undefined ? '' : isDurable ? '1' : '0';

/** REDIS-5. */
const isWhole = ({ isDurable, wasPromoted }: ServerFacts): boolean =>
  isDurable === true && !wasPromoted;

/** Why a step was not done; undefined: it was. */
export function refusalIn(
  name: string,
  set: QuorumSet,
  [status, value, ...others]: readonly unknown[],
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
      `${name} is of configuration ${String(value)}, not ${String(set.epoch)}${membersIn(others)}. Give all clients the same.`,
      { epoch: Number(value) },
    );
  if (status === 'ANOTHER_SET')
    return new HoldfastError(
      'another_set',
      `${name} is of another set than that of ${textOfSet(set)}${membersIn(others)}. Name just those, all of them, by these addresses.`,
      { epoch: Number(value) },
    );
  if (status === 'CLOSED')
    return new HoldfastError(
      'another_set',
      `The set of ${textOfSet(set)} has ended. Use the one that follows it: ${String(value)}.`,
      { voter: name },
    );
  if (status === 'TTL_TOO_LONG')
    return new HoldfastError(
      'invalid_request',
      `A ttl must be at most ${String(value)} ms on ${name}, the longest ttl with which it was admitted.`,
      { field: 'ttl_ms', limit: Number(value) },
    );
  return undefined;
}

/** Of which set its data are, where they tell: the last of what a script answers. */
function membersIn(others: readonly unknown[]): string {
  const members = others.at(-1);
  return typeof members === 'string' && members !== '' ? `: it has ${members}` : '';
}

/** REDIS-9: of the servers at these addresses, by their names. */
export const setOfServers = (epoch: number, names: readonly string[]): QuorumSet => ({
  epoch,
  members: names.toSorted(),
});
