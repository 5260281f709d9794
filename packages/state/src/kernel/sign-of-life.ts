/**
 * Which commands tell that the client of a session lives. All others of a session change its renewal alone.
 *
 * LIFE-1: a command that a node sends by itself is none: an expiry, cancelling the wait of a client that has gone, and an
 *     acquire that waits, which a node asks for again whenever the leader changes, for as long as the wait may
 *     last. By those a client that is dead would live on with every change of the leader.
 * LIFE-2: whatever a client counts its lease from is one: that its session is made, a keepalive, an acquire that
 *     makes a session of its own, the grant to one that waited,
 *     and the answer to its repetition: its caller is told of the grant by that, and waited for it until then.
 */
import type { Envelope } from './commands.ts';

export function isSignOfLife({ command, repeated }: Envelope): boolean {
  if (repeated === true || command.type === 'abandon' || command.type === 'expire_session')
    return false;
  return command.type !== 'leave_barrier' || !command.withdraw;
}
