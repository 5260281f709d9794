/**
 * What all sessions of one caller have together.
 *
 * QUOTA-3: the sums of a caller are those of its sessions that live or still end, whatever order they changed in: a
 *     restored state counts them anew and has the same. They are numbers that change with what they count: no
 *     command looks a caller up but one that makes a session.
 * QUOTA-4: sessions of whom no caller is told, of logs and snapshots of earlier versions, count for one caller
 *     without a name, and none of them is refused for it.
 */
import { invariant } from './invariant.ts';
import { ShardedMap } from './collections/sharded-map.ts';

export class CallerUse {
  /** Undefined: of sessions of whom that is not told (QUOTA-4). */
  readonly caller: string | undefined;
  sessions = 0;
  /** Holds, waits, and barriers that its sessions are in. */
  load = 0;
  waits = 0;
  metadataBytes = 0;
  /** What the remembered answers take. */
  answerBytes = 0;

  constructor(caller: string | undefined) {
    this.caller = caller;
  }
}

export class CallerUses {
  readonly #named: ShardedMap<string, CallerUse> = new ShardedMap<string, CallerUse>();
  readonly #unnamed = new CallerUse(undefined);

  /** Of a caller that has nothing, one that is not kept before its first session begins. */
  of(caller: string | undefined): CallerUse {
    if (caller === undefined) return this.#unnamed;
    return this.#named.get(caller) ?? new CallerUse(caller);
  }

  /** A session has begun. */
  begin(use: CallerUse): void {
    use.sessions += 1;
    if (use.sessions === 1 && use.caller !== undefined) this.#named.set(use.caller, use);
  }

  /** Nothing is left of a session. */
  end(use: CallerUse): void {
    use.sessions -= 1;
    if (use.sessions > 0) return;
    const { load, waits, metadataBytes, answerBytes } = use;
    invariant(
      load === 0 && waits === 0 && metadataBytes === 0 && answerBytes === 0,
      'QUOTA-3: who has no session has nothing.',
      load,
      waits,
      metadataBytes,
      answerBytes,
    );
    if (use.caller !== undefined) this.#named.delete(use.caller);
  }
}
