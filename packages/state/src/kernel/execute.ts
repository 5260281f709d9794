/**
 * Which module executes which command. What has a request id goes through once.ts first.
 *
 * STATE-MACHINE-3: a command that this version does not know stops the node.
 */
import { notAdmitted } from './admission.ts';
import { cancelWith } from './cancel.ts';
import type { Command, Envelope, KernelCommand } from './commands.ts';
import { invariant } from './invariant.ts';
import { limitsOfOldLogs } from './limits.ts';
import { once } from './once.ts';
import type { CommandOf, Execute, Handlers, Once } from './primitive.ts';
import { limitExceeded } from './refusals.ts';
import { createSession, endSession, expireSession, keepAlive } from './sessions/lifetimes.ts';
import { sessionView } from './sessions/session-views.ts';
import { isSignOfLife } from './sign-of-life.ts';
import type { Tables } from './tables.ts';
import { boundShare } from './work.ts';
import type { CommandResult, OutcomeOf } from './outcomes.ts';
import type { OnceType } from '../primitives/declared.ts';
import { accessHandlers, holdsHandlers, primitives, queueHandlers } from '../primitives/table.ts';

/** After a restore from backup the fence counter moves to the next multiple of this. */
const fenceJump = 2 ** 40;

const advanced = (): { readonly ok: true; readonly type: 'advanced' } => ({
  ok: true,
  type: 'advanced',
});

const kernelHandlers: Handlers<KernelCommand['type']> = {
  create_session: (tables, command) => {
    const made = createSession(tables, command);
    return 'ok' in made ? made : { ok: true, type: 'session', session: sessionView(made) };
  },
  end_session: (tables, { sessionId }) => {
    const session = tables.sessions.get(sessionId);
    if (session === undefined) return tables.missingSession(sessionId);
    const releasedCount = endSession(tables, session, 'ended');
    return { ok: true, type: 'session_ended', releasedCount };
  },
  keep_alive: (tables, { sessionId }) => keepAlive(tables, sessionId),
  begin_leadership: (tables) => {
    tables.leaderships.begin(tables.timeMs);
    return advanced();
  },
  expire_session: (tables, { sessionId, renewal }) => expireSession(tables, sessionId, renewal),
  abandon: cancelWith((type) => onceHandler(type)),
  advance: advanced,
  checkpoint: advanced,
  jump_fence_counter: jumpFenceCounter,
  set_limits: (tables, { limits }) => {
    tables.limits = { ...limitsOfOldLogs, ...limits }; // LIMIT-1
    boundShare(tables);
    return advanced();
  },
  raise_feature_level: (tables, { level }) => {
    tables.featureLevel = Math.max(tables.featureLevel, level); // FEATURE-1
    return advanced();
  },
  set_audit: (tables, { isOn }) => {
    tables.audit.isOn = isOn;
    return advanced();
  },
  anchor_audit: advanced,
};

const allHandlers = [
  kernelHandlers,
  holdsHandlers,
  queueHandlers,
  accessHandlers,
  ...Object.values(primitives).map(({ handlers }) => handlers),
].flatMap((handlers): readonly (readonly [string, AnyHandler])[] => Object.entries(handlers));
type AnyHandler = Once<OnceType> | Execute<Command['type']>;

/** By type of command: each is called with commands of that type alone. */
const onceHandlers = new Map<string, Once<OnceType>>();
const plainHandlers = new Map<string, Execute<Command['type']>>();
for (const [type, handler] of allHandlers)
  if (typeof handler === 'function') plainHandlers.set(type, handler);
  else onceHandlers.set(type, handler);

const isOnce = (command: Command): command is CommandOf<OnceType> => onceHandlers.has(command.type);

function onceHandler(type: OnceType): Once<OnceType> {
  const handler = onceHandlers.get(type);
  invariant(handler !== undefined, 'STATE-MACHINE-3: every command is known.', type);
  return handler;
}

export function execute(tables: Tables, envelope: Envelope): CommandResult {
  const { command, ackedBelow } = envelope;
  tables.isSignOfLife = isSignOfLife(envelope);
  tables.isRepeated = envelope.repeated === true;
  tables.isAnsweredBefore = false;
  tables.identity = envelope.identity;
  tables.askedAt = envelope.askedAt;
  const refusal = notAdmitted(tables, envelope);
  if (refusal !== undefined) return refusal;
  if (isOnce(command)) return once(tables, command, onceHandler(command.type), ackedBelow);
  const handler = plainHandlers.get(command.type);
  // A node that skips what it does not know would go another way than the others.
  if (handler === undefined)
    invariant(false, 'STATE-MACHINE-3: every command is known.', JSON.stringify(command));
  return handler(tables, command, ackedBelow);
}

/** Past any token that was given since the backup (STATE-GRANT-1). */
function jumpFenceCounter(tables: Tables): OutcomeOf<'jump_fence_counter'> {
  const next = (Math.floor(tables.fenceCounter / fenceJump) + 1) * fenceJump;
  if (next >= Number.MAX_SAFE_INTEGER) {
    return limitExceeded('fence_counter', Number.MAX_SAFE_INTEGER, 'Begin a new cluster.');
  }
  tables.fenceCounter = next;
  return advanced();
}
