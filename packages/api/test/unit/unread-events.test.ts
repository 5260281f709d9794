/** A watch as server-sent events whose reader reads nothing any more. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import type { FastifyReply } from 'fastify';
import { serveEvents } from '../../src/http/server-sent-events.ts';
import { callerFrom } from '../../src/pipeline/caller.ts';
import { RequestError } from '../../src/request-error.ts';
import { startHarness } from '../harness.ts';

/** Ends when the test says so. */
class Unread extends EventEmitter {
  readonly destroyed = false;
  isEnded = false;
  text = '';
  writeHead = (): this => this;
  write = (text: string): boolean => {
    this.text += text;
    return false;
  };
  end = (): void => {
    this.isEnded = true;
  };
}

test('counts for its caller as long as its connection is open, though it has ended', async (t) => {
  const { built } = startHarness(t, { limits: { maxStreamsPerCaller: 1 } });
  const { service } = built;
  const context = { service, caller: callerFrom('192.0.2.7') };
  const raw = new Unread();
  const reply = { raw, hijack: () => undefined } as unknown as FastifyReply;
  await serveEvents('watch', { prefix: '' }, context, reply);
  assert.match(raw.text, /^: open/);
  service.waiting.stop();
  assert.match(raw.text, /event: problem[^]*shutting_down/);
  assert.equal(raw.isEnded, true);
  const refused = service.shares.streams.takeOf(context.caller);
  assert.ok(refused instanceof RequestError && refused.code === 'limit_exceeded');
  raw.emit('close');
  assert.ok(!(service.shares.streams.takeOf(context.caller) instanceof RequestError));
});
