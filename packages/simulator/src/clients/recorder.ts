/** What clients asked and were answered, in the form that the checker reads. */
import type { LockAnswer, LockCall, Operation } from '@holdfast/checker';
import type { World } from '../world/world.ts';

export type LockOperation = Operation<LockCall, LockAnswer>;

export class Recorder {
  readonly #world: World;
  readonly #operations: (() => LockOperation)[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  /** Begins an operation; until it is settled its outcome is unknown. */
  begin(
    client: string,
    call: LockCall,
    calledAtMs: number = this.#world.nowMs,
  ): (answer: LockAnswer) => void {
    let outcome: LockOperation['outcome'] = { type: 'unknown' };
    this.#operations.push(() => ({ client, call, calledAtMs, outcome }));
    if (this.#world.tracing) this.#world.tell(client, `asks ${JSON.stringify(call)}`);
    return (answer) => {
      outcome = { type: 'answered', answer, atMs: this.#world.nowMs };
      if (this.#world.tracing)
        this.#world.tell(client, `has ${JSON.stringify(answer)} for ${JSON.stringify(call)}`);
    };
  }

  get history(): readonly LockOperation[] {
    return this.#operations.map((operation) => operation());
  }
}
