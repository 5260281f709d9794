/**
 * What goes to the client of one stream with the next frame.
 *
 * STREAM-OUT-1: what one turn brings for a stream is bounded, as what its client has not read yet is: beyond that the stream ends
 *     (1013). A text that is longer than a string can be would end the node.
 */
import type { StreamAnswer } from '@holdfast/protocol';

/** A turn may answer what was asked for in several turns. */
const turnsAtOnce = 4;

export class OutgoingAnswers {
  readonly #mostUnits: number;
  #texts: string[] = [];
  #units = 0;

  /** @param maxUnreadBytes What a client may leave unread. */
  constructor(maxUnreadBytes: number) {
    this.#mostUnits = turnsAtOnce * maxUnreadBytes;
  }

  get isEmpty(): boolean {
    return this.#texts.length === 0;
  }

  /** STREAM-OUT-1. False: there is no room for it. */
  add(answer: StreamAnswer): boolean {
    const text = JSON.stringify(answer);
    this.#units += text.length + 1;
    this.#texts.push(text);
    return this.#units <= this.#mostUnits;
  }

  /** All of it, as a frame; undefined where there is nothing. */
  take(): string | undefined {
    if (this.isEmpty) return undefined;
    const frame = `[${this.#texts.join(',')}]`;
    this.clear();
    return frame;
  }

  clear(): void {
    this.#texts = [];
    this.#units = 0;
  }
}
