/**
 * How much work a command may make, told before it is executed.
 *
 * WORK-5: whoever makes entries of commands cuts them by this, in the units of an entry's work (WORK-1): what goes beyond its share
 *     by a bound of its own (WORK-4) is counted here. It is an estimate by the state that was applied, and nothing that is
 *     applied depends on it: members of different releases may estimate differently.
 */
import type { Command } from '../kernel/commands.ts';
import type { CommandOf } from '../kernel/primitive.ts';
import type { Tables } from '../kernel/tables.ts';
import type { ResourceKind, ResourceName, SessionId } from '../kernel/names.ts';
import type { Terms } from '../kernel/terms.ts';
import { workOfCommand } from '../kernel/work.ts';
import { mostLookedAt } from './holds/queue.ts';

/** A look at a binding costs so much less than the end of a hold; with the change of those that have the role. */
const bindingsPerUnit = 10;

/** A look at a waiter that is passed; a request may look at each of them three times (STATE-QUEUE-6). */
const waitersPerUnit = 100;

type Estimate<Type extends Command['type']> = (tables: Tables, command: CommandOf<Type>) => number;

const ofRoles = ({ access }: Tables): number => Math.ceil(access.bindings.size / bindingsPerUnit);
const ofSessionEnd = (
  { sessions }: Tables,
  { sessionId }: CommandOf<'end_session' | 'expire_session'>,
): number => sessions.get(sessionId)?.joined.size ?? 0;

/** Of all the wait queues in which a request takes its place. */
function ofQueues(
  { sessions, pools }: Tables,
  sessionId: SessionId,
  wanted: readonly { readonly kind: ResourceKind; readonly name: ResourceName }[],
  terms: Terms | undefined,
): number {
  let lookedAt = 0;
  for (const { kind, name } of wanted) {
    const pool = pools[kind].get(name);
    if (pool !== undefined && pool.queue.length > waitersPerUnit)
      lookedAt += mostLookedAt(pool, sessions.get(sessionId), terms);
  }
  return Math.ceil(lookedAt / waitersPerUnit);
}

const ofQueue =
  (kind: ResourceKind) =>
  (
    tables: Tables,
    { sessionId, name, terms }: Pick<CommandOf<'acquire'>, 'sessionId' | 'name' | 'terms'>,
  ): number =>
    ofQueues(tables, sessionId, [{ kind, name }], terms);

type Estimates = { readonly [Type in Command['type']]?: Estimate<Type> };

/** Those that may do more than a plain one. */
const estimates: Estimates = {
  force_release: ({ pools }, { kind = 'lock', name, count = Infinity }) =>
    Math.min(count, pools[kind].get(name)?.holdCount ?? 0),
  resize_semaphore: ({ pools }, { name }) => pools.semaphore.get(name)?.queue.length ?? 0,
  acquire: ofQueue('lock'),
  acquire_permits: ofQueue('semaphore'),
  campaign: ofQueue('election'),
  acquire_many: (tables, { sessionId, wanted, terms }) =>
    wanted.length + ofQueues(tables, sessionId, wanted, terms),
  abandon: ({ sessions }, { sessionId, requestId }) => {
    const asked = sessions.get(sessionId)?.requests.find(requestId)?.asked;
    return Array.isArray(asked) ? asked.length : 0;
  },
  end_session: ofSessionEnd,
  expire_session: ofSessionEnd,
  queue_push: (_, { messages }) => messages.length,
  queue_pop: ({ queues }, { name, count }) =>
    Math.min(count, queues.byName.get(name)?.readyCount ?? 0),
  queue_redrive: ({ queues }, { name, ids, count }) =>
    Math.min(count, ids?.length ?? queues.byName.get(name)?.dead.size ?? 0),
  queue_purge: ({ queues }, { name, part, count }) => {
    const queue = queues.byName.get(name);
    const from = part === 'messages' ? queue?.live : queue?.dead;
    return Math.min(count, from?.size ?? 0);
  },
  queue_lose: (_, { ids }) => ids.length,
  auth_note_uses: (_, { uses }) => uses.length,
  auth_grant: ofRoles,
  auth_withdraw: ofRoles,
  auth_delete_role: ofRoles,
};

const estimateOf = <Type extends Command['type']>(
  tables: Tables,
  type: Type,
  command: CommandOf<Type>,
): number => estimates[type]?.(tables, command) ?? 0;

export const workOf = (tables: Tables, command: Command): number =>
  Math.max(workOfCommand, estimateOf(tables, command.type, command));
