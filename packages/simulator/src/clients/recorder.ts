/** What clients asked and were answered, in the form that the checker reads. */
import type { LockAnswer, LockCall, Operation, PoolAnswer, PoolCall } from '@holdfast/checker';
import type { World } from '../world/world.ts';

export type LockRecorder = Recorder<LockCall, LockAnswer>;
export type PoolRecorder = Recorder<PoolCall, PoolAnswer>;

export class Recorder<Call, Answer> {
  readonly #world: World;
  readonly #operations: (() => Operation<Call, Answer>)[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  /** Begins an operation; until it is settled its outcome is unknown. */
  begin(
    client: string,
    call: Call,
    calledAtMs: number = this.#world.nowMs,
  ): (answer: Answer) => void {
    let outcome: Operation<Call, Answer>['outcome'] = { type: 'unknown' };
    this.#operations.push(() => ({ client, call, calledAtMs, outcome }));
    if (this.#world.tracing) this.#world.tell(client, `asks ${JSON.stringify(call)}`);
    return (answer) => {
      outcome = { type: 'answered', answer, atMs: this.#world.nowMs };
      if (this.#world.tracing)
        this.#world.tell(client, `has ${JSON.stringify(answer)} for ${JSON.stringify(call)}`);
    };
  }

  get history(): readonly Operation<Call, Answer>[] {
    return this.#operations.map((operation) => operation());
  }
}
