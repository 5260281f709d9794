/** Calls that a follower passes on to the leader, as they cross between peers. */
import { codeIn, HoldfastError } from '@holdfast/protocol';
import type { ErrorCode, TraceContext } from '@holdfast/protocol';
import type { Invalidation } from '@holdfast/protocol/cache';
import { unknownPart } from '@holdfast/state';
import type { Command, SessionId } from '@holdfast/state';
import { Interrupted } from './interrupted.ts';
import { areWirePayloads } from './payloads/wire-payloads.ts';
import type { WirePayload } from './payloads/wire-payloads.ts';
import { isCount, isHash } from './transport/fields.ts';
import type { Caller, Query } from './types.ts';

/** All but the last three carry who asked for it, wherever that was. */
export type Call =
  | ({
      readonly type: 'submit';
      readonly command: Command;
      readonly ackedBelow?: number;
      /** See sign-of-life.ts of the state. */
      readonly repeated?: true;
      /** As it came: read by `traceContextOf`. */
      readonly trace?: TraceContext;
      readonly timeoutMs: number;
    } & Caller)
  | ({
      readonly type: 'keep_alive';
      readonly sessionId: SessionId;
      readonly timeoutMs: number;
    } & Caller)
  | ({ readonly type: 'query'; readonly query: Query; readonly timeoutMs: number } & Caller)
  | ({
      readonly type: 'add_member';
      readonly id: string;
      /** Where the peers of the new member reach it. */
      readonly peerAddress: string;
      /** It may have been executed already (MEMBERS-1). */
      readonly repeated?: true;
      readonly timeoutMs: number;
    } & Caller)
  | ({
      readonly type: 'promote_member' | 'remove_member';
      readonly id: string;
      /** It may have been executed already (MEMBERS-1). */
      readonly repeated?: true;
      readonly timeoutMs: number;
    } & Caller)
  /** Of a member for what it owns, see member-asks.ts. */
  | ({ readonly type: 'ask'; readonly body: object; readonly timeoutMs: number } & Caller)
  | ({
      readonly type: 'transfer';
      readonly to: string | null;
      readonly timeoutMs: number;
    } & Caller)
  | ({
      /** Of the cache, under a memory id of the lines of the node that asks (cache/lines.ts). */
      readonly type: 'cache_read';
      readonly key: string;
      readonly memoryId: string;
      readonly timeoutMs: number;
    } & Caller)
  /** Of payloads that a member has not, see payloads/payload-asks.ts. */
  | {
      readonly type: 'payloads';
      readonly wanted: readonly WirePayload[];
      readonly timeoutMs: number;
    }
  | ({
      /** The turn to load the value of a key (cache/fills.ts). */
      readonly type: 'cache_fill';
      readonly key: string;
      readonly waitMs: number;
      readonly fillMs: number;
      readonly token?: string;
      readonly timeoutMs: number;
    } & Caller)
  | ({
      readonly type: 'cache_fill_end';
      readonly key: string;
      readonly token: string;
      readonly timeoutMs: number;
    } & Caller)
  /** The leader tells a node what it may not answer from its memory any more; answered when it is gone. */
  | ({ readonly type: 'cache_invalidate'; readonly timeoutMs: number } & Invalidation)
  /** A new leader has a node drop what earlier leaders granted it of the cache (cache/earlier-lines.ts); answered when that is gone. */
  | { readonly type: 'cache_drop_earlier'; readonly term: number; readonly timeoutMs: number }
  | {
      /** A member tells the hash of the snapshot that it saved: every member compares it with its own (state-digests.ts). */
      readonly type: 'state_digest';
      readonly index: number;
      /** Of the snapshot at this index. */
      readonly hash: string;
      /** Version of the state's snapshot format. */
      readonly formatVersion: number;
      readonly timeoutMs: number;
    };

/** A call before it is known how long it may take. */
export type WithoutTimeout<T> = T extends unknown ? Omit<T, 'timeoutMs'> : never;

export type CallAnswer =
  | { readonly type: 'ok'; readonly value: unknown }
  | {
      readonly type: 'error';
      readonly code: ErrorCode;
      readonly message: string;
      readonly details: object;
    }
  | { readonly type: 'interrupted'; readonly begun: boolean; readonly message: string };

const callTypes: ReadonlySet<unknown> = new Set<Call['type']>([
  'submit',
  'keep_alive',
  'query',
  'ask',
  'add_member',
  'promote_member',
  'remove_member',
  'transfer',
  'cache_read',
  'cache_fill',
  'cache_fill_end',
  'cache_invalidate',
  'cache_drop_earlier',
  'payloads',
  'state_digest',
]);

/**
 * Checks the outer form; peers are members of the cluster and validated the inner one where it entered.
 * What no client brought in is checked wholly. A command of a newer version is none here: this node would log, and
 * apply, what it does not know (FEATURE-3 of the state).
 *
 * @param level The highest feature level that this program supports.
 */
export function isCall(value: unknown, level: number): value is Call {
  if (typeof value !== 'object' || value === null) return false;
  const call = value as {
    readonly type?: unknown;
    readonly timeoutMs?: unknown;
    readonly index?: unknown;
    readonly hash?: unknown;
    readonly formatVersion?: unknown;
    readonly command?: unknown;
  };
  if (!callTypes.has(call.type) || !Number.isFinite(call.timeoutMs)) return false;
  if (call.type === 'cache_invalidate') return isInvalidation(value);
  if (call.type === 'cache_drop_earlier') return 'term' in value && isCount(value.term);
  if (call.type === 'payloads') return 'wanted' in value && areWirePayloads(value.wanted);
  if (call.type !== 'state_digest' && !hasCaller(value)) return false;
  if (call.type === 'cache_read') return isCacheRead(value);
  if (call.type === 'cache_fill' || call.type === 'cache_fill_end') return isCacheFill(value);
  if (call.type === 'submit') {
    const { command } = call;
    return (
      typeof command === 'object' && command !== null && unknownPart(command, level) === undefined
    );
  }
  if (call.type !== 'state_digest') return true;
  return isCount(call.index) && isHash(call.hash) && isCount(call.formatVersion);
}

function isCacheRead(call: object): boolean {
  const { key, memoryId } = call as Readonly<Record<string, unknown>>;
  return typeof key === 'string' && typeof memoryId === 'string';
}

function isCacheFill(call: object): boolean {
  const { type, key, waitMs, fillMs, token } = call as Readonly<Record<string, unknown>>;
  if (typeof key !== 'string') return false;
  if (type === 'cache_fill_end') return typeof token === 'string';
  const isToken = token === undefined || typeof token === 'string';
  return isToken && Number.isFinite(waitMs) && Number.isFinite(fillMs);
}

function isInvalidation(call: object): boolean {
  const { term, memoryId, seq, keys, shared } = call as Readonly<Record<string, unknown>>;
  const areTexts = (list: unknown): boolean =>
    Array.isArray(list) && list.every((one) => typeof one === 'string');
  return (
    isCount(term) &&
    typeof memoryId === 'string' &&
    isCount(seq) &&
    areTexts(keys) &&
    areTexts(shared)
  );
}

function hasCaller(call: object): boolean {
  const { identity, proof, address, authorizedAt, isAdministrator, askedAt } = call as Readonly<
    Record<string, unknown>
  >;
  const isToldOrNot = (told: unknown): boolean => told === undefined || typeof told === 'string';
  return (
    typeof identity === 'string' &&
    isToldOrNot(proof) &&
    isToldOrNot(address) &&
    isRight(authorizedAt, isAdministrator) &&
    isIndexOrNot(askedAt)
  );
}

const isRight = (authorizedAt: unknown, isAdministrator: unknown): boolean =>
  isIndexOrNot(authorizedAt) && (isAdministrator === undefined || isAdministrator === true);

const isIndexOrNot = (told: unknown): boolean => told === undefined || Number.isSafeInteger(told);

export function failureAnswer(error: unknown): CallAnswer {
  if (error instanceof Interrupted) {
    return { type: 'interrupted', begun: error.begun, message: error.message };
  }
  if (error instanceof HoldfastError) {
    return { type: 'error', code: error.code, message: error.message, details: error.details };
  }
  return { type: 'error', code: 'internal', message: String(error), details: {} };
}

/** The value of an answer, or the error it carries, thrown. */
export function unwrapAnswer(answer: unknown): unknown {
  const received = answer as CallAnswer | null | undefined;
  switch (received?.type) {
    case 'ok':
      return received.value;
    case 'interrupted':
      throw new Interrupted(received.begun, received.message);
    case 'error': {
      const code = codeIn(received);
      throw new HoldfastError(code, received.message, { ...received.details });
    }
    case undefined:
    default:
      throw new Interrupted(true, 'the leader answered in an unknown form');
  }
}
