/** What a primitive does: the kernel goes over a table of these (primitives/table.ts) and names none of them. */
import type { Asked } from './answers.ts';
import type { Reader } from './collections/ordered-map.ts';
import type { Command } from './commands.ts';
import type { FenceToken, ResourceName, SessionId } from './names.ts';
import type { OutcomeOf } from './outcomes.ts';
import type { Fields } from './snapshot/fields.ts';
import type { Ties } from './snapshot/ties.ts';
import type { Place, Tables } from './tables.ts';
import type { ListedItem } from './weigh-rows.ts';
import type { OnceType, PlaceKind, Primitives } from '../primitives/declared.ts';
import type { Answer, Session } from '../primitives/holds/pool.ts';
import type { ImplicitSession } from './terms.ts';

export type CommandOf<Type extends Command['type']> = Extract<Command, { readonly type: Type }>;
export type Cancel = CommandOf<'abandon'>;

/** A command that needs no memory of what it was answered: to repeat it does no harm, or it is never repeated. */
export type Execute<Type extends Command['type']> = (
  tables: Tables,
  command: CommandOf<Type>,
  ackedBelow: number | undefined,
) => OutcomeOf<Type>;

/** A command that is executed once by its request id (once.ts). */
export interface Once<Type extends OnceType> {
  /** What it asks for beside its name: another one under the same id is refused. */
  readonly asked: (command: CommandOf<Type>) => Asked;
  /** Executed also where no more answers can be remembered (STATE-REQUEST-4). */
  readonly givesBack?: true;
  /**
   * @param answer Its place in the memory of the session. Whoever has to remember it before its effects, or lets
   *     it wait, does that with it; else it is remembered with the result.
   */
  readonly execute: (
    tables: Tables,
    session: Session,
    command: CommandOf<Type>,
    answer: Answer,
  ) => OutcomeOf<Type>;
  /** Where it names no session. */
  readonly withoutSession?: (tables: Tables, command: CommandOf<Type>) => OutcomeOf<Type>;
  /** Where it makes a session of its own, which is not there yet. */
  readonly inImplicitSession?: (
    tables: Tables,
    command: CommandOf<Type>,
    ownSession: ImplicitSession,
    answer: Answer,
  ) => OutcomeOf<Type>;
  /**
   * Takes back what came of exactly this request, once.
   *
   * @returns What is told instead, where it cannot be taken back.
   */
  readonly cancel?: (
    tables: Tables,
    session: Session,
    command: Cancel,
    known: Answer,
  ) => OutcomeOf<'abandon'> | undefined;
}

export type Handler<Type extends Command['type']> = Type extends OnceType
  ? Once<Type>
  : Execute<Type>;
export type Handlers<Type extends Command['type']> = { readonly [T in Type]: Handler<T> };

/** What a view shows of something large. */
export interface Shown {
  /** Rows of a list. */
  readonly limit?: number | undefined;
  /** Of whose hold is shown first, where there is one. */
  readonly fenceToken?: FenceToken | undefined;
  /** Which session is looked for among the members. */
  readonly sessionId?: SessionId | undefined;
  /** Cluster time of now, where it is later than the last entry: what is left of a time is as of it. */
  readonly timeMs?: number | undefined;
}

export interface Primitive<Kind extends PlaceKind = PlaceKind> {
  readonly kind: Kind;
  readonly handlers: Handlers<Primitives[Kind]['command']['type']>;
  readonly view: (tables: Tables, name: ResourceName, shown: Shown) => Primitives[Kind]['view'];
  /** One of a page of a listing; undefined: it is used by nobody. */
  readonly listed: (
    tables: Tables,
    name: ResourceName,
    /** As in `Shown`. */
    timeMs: number | undefined,
  ) => ListedItem<NonNullable<Primitives[Kind]['view']>> | undefined;
  /**
   * The lines of a record in a snapshot, as it is now, also when they are taken later.
   *
   * @param reader Whose end releases what is captured for them (SNAP-2).
   */
  readonly encode: (place: Place, reader?: Reader) => Iterable<string>;
  /** By the kind of a line: takes a record back, or what continues the latest one. */
  readonly lines: Readonly<Record<string, Decode>>;
  /** A session ends, before its waits and holds do. */
  readonly sessionEnds?: (tables: Tables, session: Session) => void;
}

/** Whether something of the snapshot continues: the place that is continued. */
export type Decode = (restoring: Restoring, fields: Fields) => Place | undefined;
export interface Restoring {
  readonly tables: Tables;
  readonly ties: Ties;
  /** The latest place that was read. */
  readonly latest: Place | undefined;
}
