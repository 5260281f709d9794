/**
 * Every command, field and kind that may stand in the log, with the feature level that brought it. The compiler
 * demands a line for whatever is added to commands.ts; what is not here is unknown, and stops the node that
 * reads it (FEATURE-3 of feature-levels.ts).
 */
import type { Command, Wanted } from './commands.ts';
import { modeLevels, requested, stampLevels, termsLevels } from './field-levels.ts';
import type { Every, EveryKind, FieldLevel, FieldLevels, LevelsOf } from './field-levels.ts';
import { forceInPartsLevel, payloadsBesideLevel } from './levels.ts';
import type { StateLimits } from './limits.ts';
import { levelOfLimit, primitiveDeclarations, primitiveLevels } from '../primitives/declared.ts';
import type { LimitOfPrimitive } from '../primitives/declared.ts';
import { accessLevels } from '../primitives/access/commands.ts';
import type {
  OnDead,
  PushedMessage,
  QueueOrder,
  QueuePart,
  Receipt,
} from '../primitives/queue/commands.ts';

const resourceKinds = { lock: 1, semaphore: 1, election: 1 } as const;

const wanted = {
  level: 1,
  fields: {
    kind: { level: 1, kinds: { lock: 1, semaphore: 1 } satisfies Record<Wanted['kind'], number> },
    name: 1,
    mode: modeLevels,
    permits: 1,
    limit: 1,
  } satisfies Every<Wanted>,
};
const limitLevels = Object.fromEntries(
  primitiveDeclarations.map((declared) => [declared.limit.name, levelOfLimit(declared)]),
) as Readonly<Record<LimitOfPrimitive, number>>;
const limits = {
  level: 1,
  fields: {
    maxSessions: 1,
    maxHoldsPerSession: 1,
    maxWaitersPerResource: 1,
    ...limitLevels,
    maxHoldsPerResource: 1,
    maxResultsPerSession: 1,
    maxSessionsPerCaller: 1,
    maxHoldsPerCaller: 1,
    maxWaitsPerCaller: 1,
    maxMetadataBytesPerCaller: 1,
    maxResultBytesPerCaller: 1,
    maxWaitsPerSession: 1,
    maxMetadataBytesPerSession: 1,
    maxResultBytesPerSession: 1,
    maxRememberedSessions: 1,
    maxRememberedBytes: 1,
    maxRememberedSessionsPerCaller: 1,
    maxRememberedBytesPerCaller: 1,
    maxWorkPerEntry: 1,
    maxQueues: 2,
    maxMessages: 2,
    maxMessagesPerQueue: 2,
    maxMessageBytes: 2,
    maxMessageBytesPerQueue: 2,
    maxDedupIds: 2,
    maxCacheBytes: 2,
  } satisfies Every<StateLimits>,
};

const receipt = {
  level: 2,
  fields: { messageId: 2, delivery: 2, fenceToken: 2 } satisfies Every<Receipt>,
};
const message = {
  level: 2,
  fields: {
    key: 2,
    payload: 2,
    delayMs: 2,
    dedupId: 2,
    maxDeliveries: 2,
  } satisfies Every<PushedMessage>,
};
const queueOrder: EveryKind<QueueOrder> = { level: 2, kinds: { key: 2, none: 2 } };
const onDead: EveryKind<OnDead> = { level: 2, kinds: { skip: 2, block: 2 } };
const queuePart: EveryKind<QueuePart> = { level: 2, kinds: { messages: 2, dead_letters: 2 } };

export const commandLevels: LevelsOf<Command> = {
  ...primitiveLevels,
  ...accessLevels,
  create_session: {
    level: 1,
    fields: {
      sessionId: 1,
      clientId: 1,
      timeoutMs: 1,
      lockDelayMs: 1,
      createdAtMs: 1,
      stamp: stampLevels,
      caller: 1,
    },
  },
  end_session: { level: 1, fields: { sessionId: 1 } },
  keep_alive: { level: 1, fields: { sessionId: 1 } },
  begin_leadership: { level: 1, fields: {} },
  expire_session: { level: 1, fields: { sessionId: 1, renewal: 1 } },
  acquire_many: {
    level: 1,
    fields: { sessionId: 1, requestId: 1, wanted, waitMs: 1, acquiredAtMs: 1, terms: termsLevels },
  },
  abandon: {
    level: 1,
    fields: {
      ...requested,
      kind: { level: 1, kinds: { ...resourceKinds, many: 1, barrier: 1 } },
      unlessOpen: 1,
      liveMs: 1,
      caller: 1,
    },
  },
  force_release: {
    level: 1,
    fields: {
      kind: { level: 1, kinds: resourceKinds },
      name: 1,
      reason: 1,
      through: forceInPartsLevel,
      count: forceInPartsLevel,
    },
  },
  queue_push: { level: 2, fields: { name: 2, messages: message } },
  queue_pop: { level: 2, fields: { name: 2, count: 2, visibilityMs: 2 } },
  queue_ack: { level: 2, fields: { name: 2, receipt } },
  queue_nack: { level: 2, fields: { name: 2, receipt, delayMs: 2, reason: 2 } },
  queue_extend: { level: 2, fields: { name: 2, receipt, visibilityMs: 2 } },
  queue_redrive: { level: 2, fields: { name: 2, ids: 2, count: 2 } },
  queue_purge: { level: 2, fields: { name: 2, part: queuePart, through: 2, count: 2 } },
  queue_configure: {
    level: 2,
    fields: { name: 2, order: queueOrder, onDead, maxDeliveries: 2 },
  },
  queue_delete: { level: 2, fields: { name: 2 } },
  queue_lose: { level: payloadsBesideLevel, fields: { name: 3, ids: 3 } },
  advance: { level: 1, fields: {} },
  checkpoint: { level: 1, fields: {} },
  jump_fence_counter: { level: 1, fields: {} },
  set_limits: { level: 1, fields: { limits } },
  raise_feature_level: { level: 1, fields: { level: 1 } },
  set_audit: { level: 2, fields: { isOn: 2 } },
  anchor_audit: { level: 2, fields: { node: 2, size: 2, head: 2 } },
};

/**
 * The limits as they may be logged under a level: those of what only a higher level brings are left out. Before
 * it they bound nothing.
 */
export function limitsWithin(all: StateLimits, level: number): StateLimits {
  const known: Readonly<Record<string, FieldLevel>> = limits.fields;
  const some = Object.entries(all).filter(([name]) => levelOf(known[name] ?? level) <= level);
  // As in a log of that level, which the state machine completes (LIMIT-1).
  return Object.fromEntries(some) as Partial<StateLimits> as StateLimits;
}

/**
 * What in this command belongs to no level up to this one, in words. Undefined: it is known wholly.
 *
 * @param command Read from the log, or sent by a peer: of any form.
 */
export function unknownPart(command: object, level: number): string | undefined {
  const type: unknown = 'type' in command ? command.type : undefined;
  if (typeof type !== 'string') return 'a command without a type';
  const known = Object.hasOwn(commandLevels, type)
    ? commandLevels[type as Command['type']]
    : undefined;
  if (known === undefined || known.level > level) return `a command of the type "${type}"`;
  const part = unknownField(command, known.fields, level, true);
  return part === undefined ? undefined : `${part} of a command of the type "${type}"`;
}

function unknownField(
  record: object,
  known: FieldLevels,
  level: number,
  isCommand = false,
): string | undefined {
  for (const [field, value] of Object.entries(record) as Iterable<[string, unknown]>) {
    if (isCommand && field === 'type') continue;
    const found = Object.hasOwn(known, field) ? known[field] : undefined;
    if (found === undefined || levelOf(found) > level) return `the field "${field}"`;
    if (typeof found === 'number' || value === undefined) continue;
    const part = 'kinds' in found ? unknownKind(value, found.kinds, level) : undefined;
    if (part !== undefined) return `${part} in the field "${field}"`;
    if (!('fields' in found)) continue;
    for (const one of Array.isArray(value) ? (value as readonly unknown[]) : [value]) {
      if (typeof one !== 'object' || one === null)
        return `what is no record in the field "${field}"`;
      const inner = unknownField(one, found.fields, level);
      if (inner !== undefined) return `${inner} in the field "${field}"`;
    }
  }
  return undefined;
}

const levelOf = (known: FieldLevel): number => (typeof known === 'number' ? known : known.level);

function unknownKind(
  value: unknown,
  kinds: Readonly<Record<string, number>>,
  level: number,
): string | undefined {
  const found = typeof value === 'string' && Object.hasOwn(kinds, value) ? kinds[value] : undefined;
  return found !== undefined && found <= level ? undefined : `the kind ${JSON.stringify(value)}`;
}
