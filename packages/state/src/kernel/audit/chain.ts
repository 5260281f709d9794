/**
 * The chain of all changes: one record for each command that changes something, and for what time brought about, with the
 * SHA-256 of the record before in each. It is made where entries are applied, so that it is the same on every node;
 * what is written of it, and where, is no matter of the state.
 *
 * AUDIT-CHAIN-1: the hash of a record is SHA-256 of the hash before it and its own text. Its number is one above that of
 *     the record before. Both are a function of the log alone, and go on from a snapshot where that was taken.
 * AUDIT-CHAIN-2: while it is off nothing is told, and an entry costs one look at a field. Numbers and hashes go on where they
 *     were when it is turned on again. Turning it on and off are records themselves.
 * AUDIT-CHAIN-3: a request that is told again what it was answered before says so (`repeated`): of one grant there is
 *     one record that does not. What is granted is told as such by grants alone, each of several with its token.
 */
import type { Envelope } from '../commands.ts';
import type { CommandResult, Event } from '../outcomes.ts';
import type { AuditHead, AuditLine } from './head.ts';
import { sha256 } from './sha256.ts';
import { isTold, toldOf } from './told.ts';

/** In front of the first record. */
export const emptyHead: string = '0'.repeat(64);

/** @param body The record as JSON, without its hash. */
export const chained = (head: string, body: string): string => sha256(`${head}${body}`);

/** What is read of the tables. */
interface Audited {
  readonly index: number;
  readonly timeMs: number;
  readonly isAnsweredBefore: boolean;
  readonly events: readonly Event[];
}

export class AuditChain implements AuditHead {
  isOn = false;
  size = 0;
  head: string = emptyHead;
  #lines: AuditLine[] = [];

  /** Of a snapshot. */
  restore({ isOn, size, head }: AuditHead): void {
    this.isOn = isOn;
    this.size = size;
    this.head = head;
  }

  /** Since they were taken last; undefined: none. */
  takeLines(): readonly AuditLine[] | undefined {
    if (this.#lines.length === 0) return undefined;
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  /** AUDIT-CHAIN-1. */
  add(tables: Audited, wallMs: number | undefined, what: object): void {
    this.size += 1;
    const when = wallMs === undefined ? {} : { at_ms: wallMs };
    const body = JSON.stringify({
      seq: this.size,
      revision: tables.index,
      ...when,
      cluster_time_ms: tables.timeMs,
      ...what,
    });
    this.head = chained(this.head, body);
    this.#lines.push(`${body.slice(0, -1)},"hash":"${this.head}"}`);
  }

  /** One command that was executed, and the waits that it ended. */
  addCommand(
    tables: Audited,
    entry: { readonly wallMs?: number | undefined },
    done: {
      readonly envelope: Envelope;
      readonly client: string | undefined;
      readonly result: CommandResult;
      readonly eventsBefore: number;
    },
  ): void {
    const { envelope, client, result, eventsBefore } = done;
    if (isTold(envelope.command))
      this.add(tables, entry.wallMs, {
        ...toldOf(envelope),
        ...(client === undefined ? {} : { client }),
        ...(tables.isAnsweredBefore && !isOther(result) ? { repeated: true } : {}), // AUDIT-CHAIN-3
        ...outcomeOf(result),
      });
    for (let at = eventsBefore; at < tables.events.length; at++) {
      const event = tables.events[at];
      if (event?.type === 'wait_ended') this.addEvent(tables, entry, event);
    }
  }

  /** What came about by time, or of somebody's wait. */
  addEvent(
    tables: Audited,
    { wallMs }: { readonly wallMs?: number | undefined },
    event: Event,
  ): void {
    this.add(tables, wallMs, {
      by: 'holdfast',
      operation: event.type,
      ...('name' in event ? { on: [nameOf(event)] } : {}),
      ...('clientId' in event ? { client: event.clientId } : {}),
      ...('fenceToken' in event ? { fence_token: event.fenceToken } : {}),
      ...('result' in event ? outcomeOf(event.result) : {}),
      ...('reason' in event ? { reason: event.reason } : {}),
    });
  }
}

const nameOf = (event: { readonly name: string; readonly kind?: string }): string =>
  `${event.kind ?? 'lock'}/${event.name}`;

/** Refused, since another request had its id. */
const isOther = (result: CommandResult): boolean => !result.ok && result.code === 'request_reused';

function outcomeOf(result: CommandResult): object {
  if (!result.ok) return { outcome: result.code };
  return { outcome: result.type, ...tokensOf(result) };
}

/** AUDIT-CHAIN-3: what was given back or used was not granted by this. */
function tokensOf(result: CommandResult & { readonly ok: true }): object {
  if (result.type === 'granted') return { granted_token: result.fenceToken };
  if (result.type === 'granted_many')
    return { granted_tokens: result.grants.map(({ fenceToken }) => fenceToken) };
  return 'fenceToken' in result ? { fence_token: result.fenceToken } : {};
}

/** Whose session a command names, as it is told to people. */
export function clientOf(
  {
    sessions,
  }: { readonly sessions: { get(id: string): { readonly clientId: string } | undefined } },
  { command }: Envelope,
): string | undefined {
  if ('clientId' in command) return command.clientId;
  if ('ownSession' in command && command.ownSession !== undefined)
    return command.ownSession.clientId;
  if (!('sessionId' in command) || command.sessionId === undefined) return undefined;
  return sessions.get(command.sessionId)?.clientId;
}
