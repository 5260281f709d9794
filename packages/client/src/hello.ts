/**
 * Who asks, told as the first request of a connection: browsers set no headers, so that it is done alike everywhere.
 *
 * KEYED-1: nothing is sent before it. The node takes requests in their order, and answers none without it where the key
 *     is wrong: a connection never goes on as somebody else.
 * KEYED-2: a function that gives no key ends the connection that it was asked for, with its cause, and nothing else: the next one
 *     asks it again.
 */
import { HoldfastError } from '@holdfast/protocol';
import { givenAtOnce } from './given-at-once.ts';
import type { Given } from './given-at-once.ts';
import { answersIn } from './messages.ts';
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

/** No request has it: ids count from 1. */
const helloId = Number.MAX_SAFE_INTEGER;

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
        socket.send(JSON.stringify([[helloId, 'hello', { api_key: given.value }]])); // KEYED-1
        events.onOpen();
      },
      onMessage: (text) => {
        const answers = isAnswered ? undefined : answersIn(text);
        const others = answers?.filter(([id]) => id !== helloId);
        if (answers === undefined || others?.length === answers.length) {
          events.onMessage(text);
          return;
        }
        isAnswered = true;
        if (others !== undefined && others.length > 0) events.onMessage(JSON.stringify(others));
      },
    });
    return socket;
  };
}
