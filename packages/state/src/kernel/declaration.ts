/**
 * How a primitive is declared: as data, so that whoever needs to know something of every primitive, inside this
 * package or outside, goes over the declarations (primitives/declared.ts) and names none of them.
 */
import type { JsonValue, SessionId } from './names.ts';
import type { Fields } from './snapshot/fields.ts';

/** How a command that is submitted again is recognised. */
export type Repeatable =
  /** Its effect is there, or its session and request id are always told. */
  | 'always'
  /** By its session and request id, where both are told. */
  | 'by request'
  /** By the dedup ids of its messages, where each has one. */
  | 'by dedup id'
  | 'never';

export interface CommandDeclaration {
  readonly repeatable: Repeatable;
  /** The types of its results; a refusal aside. */
  readonly answers: readonly string[];
  /** Of one that is executed once by its request id: what such an id was used for, in words, before a name. */
  readonly usedFor?: string;
  /** The same where that was a command of this type too. */
  readonly usedForAnother?: string;
  /** The `kind` under which a caller cancels such a command by its request id. */
  readonly cancelledAs?: string;
}

export interface PrimitiveDeclaration {
  /** Of a primitive that has named records; each kind is a name space of its own. */
  readonly kind: string;
  /** How many of them there may be. */
  readonly limit: {
    readonly name: string;
    readonly initial: number;
    /** The highest that may be set. */
    readonly highest: number;
    /** For the text of the setting. */
    readonly what: string;
    /** The feature level that brought it; the first when absent. */
    readonly level?: number;
  };
  readonly commands: Readonly<Record<string, CommandDeclaration>>;
  readonly refusals: readonly string[];
  /** The events that tell of it. */
  readonly events: readonly string[];
}

/** Of whom a change tells. */
export interface Whose {
  readonly sessionId: SessionId;
  readonly clientId: string;
}

/** How a result is kept in the memory of a session, in a snapshot. A tag is never used for another one. */
export interface ResultRecord<Result extends { readonly type: string }> {
  readonly type: Result['type'];
  readonly tag: number;
  encode(result: Result): readonly JsonValue[];
  decode(fields: Fields): Result;
}
