/** The address on which all nodes of this machine listen. */
import { formatHostPort, hostOf, isWildcardHost, readHostPort } from '@holdfast/protocol';
import { UsageError } from './failure.ts';

const loopback = '127.0.0.1';

/**
 * Clients and nodes are told it, so that it has to be one address.
 *
 * @param given By --host; undefined where it is not.
 * @throws UsageError
 */
export function localHost(given: string | undefined): string {
  if (given === undefined) return loopback;
  if (!readHostPort(formatHostPort(given, 1)).ok || given.includes('%'))
    throw new UsageError(
      `--host takes an address of this machine without a port, such as 127.0.0.1 or ::1; given: "${given}".`,
    );
  if (isWildcardHost(given))
    throw new UsageError(
      `--host takes one address of this machine, which is told to clients; "${given}" means all of them. Nodes that listen on all are started each for itself.`,
    );
  return hostOf(given);
}
