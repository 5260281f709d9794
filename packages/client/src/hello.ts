/**
 * Who asks, told as the first request of a connection: browsers set no headers, so that it is done alike everywhere.
 *
 * KEYED-1: nothing is sent before it. The node takes requests in their order, and answers none without it where the key
 *     is wrong: a connection never goes on as somebody else.
 * KEYED-2: a function that gives no key ends the connection that it was asked for, with its cause, and nothing else: the next one
 *     asks it again.
 * KEYED-3: what the node answers to it is looked at, and given on as it came: a connection whose first answer is neither who asks
 *     nor a problem ends, with its cause.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { HelloAnswer, HelloBody, Problem } from '@holdfast/protocol';
import { givenAtOnce } from './given-at-once.ts';
import type { Given } from './given-at-once.ts';
import { answersIn } from './messages.ts';
import type { NodeAnswer } from './messages.ts';
import type { OpenSocket } from './open-socket.ts';

/** A function is asked for each new connection: a key that was rotated is taken up that way. */
export type ApiKey = string | (() => string);

const printable = /^[\x21-\x7e]+$/;

export function readApiKey(key: ApiKey): Given<string> {
  const given = typeof key === 'function' ? givenAtOnce('"apiKey"', key) : { value: key };
  if ('why' in given) return given;
  const { value } = given;
  if (typeof value !== 'string')
    return { why: `"apiKey" gave ${value === null ? 'null' : `a value of type ${typeof value}`}` };
  // Never with what it is: a header that refuses it would show it in its error.
  return printable.test(value)
    ? { value }
    : { why: '"apiKey" has spaces, line ends or other characters that no key has' };
}

/** From programs without types too. @throws HoldfastError `invalid_request` */
export function checkApiKey(key: unknown): void {
  if (key === undefined || typeof key === 'function' || typeof key === 'string') return;
  // Never with what was given: it may be a key.
  throw new HoldfastError('invalid_request', '"apiKey" is a text, or a function that gives one.');
}

/** No other request has it: ids count from 1. */
export const helloId: number = Number.MAX_SAFE_INTEGER;

export function withHello(open: OpenSocket, key: ApiKey): OpenSocket {
  return (url, events) => {
    let isAnswered = false;
    const socket = open(url, {
      ...events,
      onOpen: () => {
        const given = readApiKey(key);
        if ('why' in given) {
          socket.close();
          events.onClose(given.why); // KEYED-2
          return;
        }
        const body: HelloBody = { api_key: given.value };
        socket.send(JSON.stringify([[helloId, 'hello', body]])); // KEYED-1
        events.onOpen();
      },
      onMessage: (text) => {
        const answer = isAnswered ? undefined : answersIn(text)?.find(([id]) => id === helloId);
        isAnswered ||= answer !== undefined;
        if (answer !== undefined && !isOfHello(answer)) {
          socket.close();
          events.onClose('its answer to "hello" is not that of a Holdfast node'); // KEYED-3
          return;
        }
        events.onMessage(text);
      },
    });
    return socket;
  };
}

/** What a node answers: who asks, or a problem, with which it answers everything that follows. */
function isOfHello([, failed, body]: NodeAnswer): boolean {
  const { identity, code } = body as Partial<HelloAnswer & Problem>;
  return failed === 0 ? typeof identity === 'string' : failed === 1 && typeof code === 'string';
}
