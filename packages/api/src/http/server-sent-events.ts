/**
 * Watches as server-sent events. The id of an event is its position: a browser that reconnects sends it
 * as `Last-Event-ID`, and any node goes on from there.
 *
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import type { FastifyReply } from 'fastify';
import { toProblem } from '@holdfast/protocol';
import type { ObserveBody, WatchBody } from '@holdfast/protocol';
import { openFor } from '../pipeline/standing.ts';
import type { OperationContext, Outcome } from '../operations/context.ts';
import type { CountedWait } from '../operations/waiting.ts';
import { RequestError, stoppingError } from '../request-error.ts';
import { observe } from '../watch/observe.ts';
import { openWatch } from '../watch/open.ts';
import { positionText } from '../watch/position.ts';
import type { Watcher } from '../watch/watcher.ts';

/** Shows proxies and dead connections that somebody is there. */
const heartbeatMs = 15_000;

/** Nothing is answered: the reply has been taken over. */
const takenOver = {};

/**
 * @param body As it was validated for the operation.
 * @returns The refusal to answer with; else the reply has been taken over.
 */
export async function serveEvents(
  operation: string,
  body: object,
  context: OperationContext,
  reply: FastifyReply,
): Promise<Outcome<object>> {
  const serve = operation === 'observe' ? serveObserve : serveWatch;
  return (await serve(body as ObserveBody, context, reply)) ?? takenOver;
}

async function serveWatch(
  body: WatchBody,
  context: OperationContext,
  reply: FastifyReply,
): Promise<RequestError | undefined> {
  const channel = new EventChannel(reply, context);
  const watcher = await openWatch(body, context, {
    take: (events) => {
      let room = true;
      for (const event of events) room = channel.send(event.type, event.position, event);
      return room;
    },
    compacted: (problem) => channel.fail(problem),
  });
  if (watcher instanceof RequestError) return watcher;
  return channel.open(watcher, positionText(watcher.position));
}

async function serveObserve(
  body: ObserveBody,
  context: OperationContext,
  reply: FastifyReply,
): Promise<RequestError | undefined> {
  const channel = new EventChannel(reply, context);
  const watcher = await observe(body, context, {
    take: (changes) => {
      let room = true;
      for (const change of changes) room = channel.send(change.change, change.position, change);
      return room;
    },
    compacted: (problem) => channel.fail(problem),
  });
  return watcher instanceof RequestError ? watcher : channel.open(watcher, undefined);
}

class EventChannel {
  readonly #reply: FastifyReply;
  readonly #context: OperationContext;
  /** Written before the channel was open. */
  #early: string[] | undefined = [];
  #end = (): void => undefined;

  constructor(reply: FastifyReply, context: OperationContext) {
    this.#reply = reply;
    this.#context = context;
  }

  /** False: the reader is slow. */
  send(event: string, id: string, data: object): boolean {
    return this.#write(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Tells why it ends, and ends it. */
  fail(refused: RequestError): void {
    this.#write(`event: problem\ndata: ${JSON.stringify(toProblem(refused))}\n\n`);
    this.#end();
  }

  #write(text: string): boolean {
    if (this.#early === undefined) return this.#reply.raw.write(text);
    this.#early.push(text);
    return true;
  }

  /** Takes the reply over. */
  open(watcher: Watcher, from: string | undefined): RequestError | undefined {
    const { waiting: all, after, shares } = this.#context.service;
    const { raw } = this.#reply;
    let cancelHeartbeat = (): void => undefined;
    let forget = (): void => undefined;
    this.#end = () => {
      forget();
      watcher.close();
      cancelHeartbeat();
      all.forget(waiting);
      raw.end();
    };
    const waiting: CountedWait = { onStop: () => this.fail(stoppingError) };
    const giveBack = shares.streams.takeOf(this.#context.caller);
    if (giveBack instanceof RequestError) {
      watcher.close();
      return giveBack;
    }
    if (!all.track(waiting)) {
      watcher.close();
      giveBack();
      return stoppingError;
    }
    this.#reply.hijack();
    forget = openFor(this.#context, (refused) => this.fail(refused)); // DENY-4
    // The reader may have gone meanwhile.
    if (raw.destroyed) {
      this.#end();
      giveBack();
      return undefined;
    }
    raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    raw.on('drain', () => watcher.resume());
    raw.on('close', this.#end);
    // Not before: who does not read why it ends has the connection still (UNREAD-1).
    raw.on('close', giveBack);
    // Its id lets a reader that has seen nothing yet resume from where it began.
    raw.write(from === undefined ? ': open\n\n' : `: open\nid: ${from}\n\n`);
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const text of early) raw.write(text);
    const beat = (): void => {
      raw.write(': still here\n\n');
      cancelHeartbeat = after(heartbeatMs, beat);
    };
    cancelHeartbeat = after(heartbeatMs, beat);
    return undefined;
  }
}
