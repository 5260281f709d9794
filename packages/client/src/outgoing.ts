/**
 * What goes out with the next messages; while there is no connection, all that is waited for.
 *
 * OUTGOING-1: no message is longer than a node reads, however much there is to send: after a connection was lost that is everything
 *     at once, and a node ends the connection at a longer message.
 * OUTGOING-2: where it takes more than one message, what keeps, cancels or gives back goes before what wants: however much
 *     there is, no session is lost behind it.
 */
import { longestMessageBytes } from '@holdfast/protocol';

/** A request, as it stands in a message. */
export interface OutgoingRequest {
  readonly text: string;
  /** It keeps, cancels or gives back: see request.ts. */
  readonly isOfHolders: boolean;
  /** It went out with a message, and nothing makes it go out again. */
  sent: boolean;
  attempts: number;
}

/** Of UTF-16: in bytes it is three times that at most. A single request is sent, whatever it has. */
export const mostUnits: number = longestMessageBytes / 4;

export class OutgoingRequests<Request extends OutgoingRequest> {
  readonly #requests = new Set<Request>();
  /** Of all their texts, with the signs between them. */
  #units = 0;

  get size(): number {
    return this.#requests.size;
  }

  /** Repeating it does nothing. */
  add(request: Request): void {
    if (this.#requests.has(request)) return;
    this.#requests.add(request);
    this.#units += request.text.length + 1;
  }

  delete(request: Request): void {
    if (this.#requests.delete(request)) this.#units -= request.text.length + 1;
  }

  /** @returns All of them, as messages. */
  take(): readonly string[] {
    const messages: string[] = [];
    if (this.#units <= mostUnits) this.#write(messages);
    else {
      this.#write(messages, true); // OUTGOING-2
      this.#write(messages, false);
    }
    this.#requests.clear();
    this.#units = 0;
    return messages;
  }

  /** @param isOfHolders Those alone; undefined: all, in the order in which they were asked for. */
  #write(messages: string[], isOfHolders?: boolean): void {
    let message = '';
    for (const request of this.#requests) {
      if (isOfHolders !== undefined && request.isOfHolders !== isOfHolders) continue;
      request.sent = true;
      request.attempts += 1;
      const { text } = request;
      // OUTGOING-1
      if (message !== '' && message.length + text.length >= mostUnits) {
        messages.push(`[${message}]`);
        message = '';
      }
      message += message === '' ? text : `,${text}`;
    }
    if (message !== '') messages.push(`[${message}]`);
  }
}
