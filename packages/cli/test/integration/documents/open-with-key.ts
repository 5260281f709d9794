/** What stays open on a node by a key: a stream, a watch, a wait. */
import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { StreamClient } from '../../../../api/test/stream-client.ts';
import type { SecuredReader } from './secured-reader.ts';

export interface Opened {
  readonly of: string;
  /** How and when (by `performance.now()`) it ended; undefined: it is open. */
  readonly ended: () => { readonly how: string; readonly atMs: number } | undefined;
  readonly hangUp: () => void;
}

function opened(of: string, ends: Promise<string>, hangUp: () => void): Opened {
  let ended: ReturnType<Opened['ended']>;
  const end = (how: string): void => {
    ended = { how, atMs: performance.now() };
  };
  ends.then(end, (error: unknown) => end(String(error)));
  return { of, ended: () => ended, hangUp };
}

const codeIn = (told: string): string => /"code":"(\w+)"/.exec(told)?.[1] ?? told;

/** In a session that lives for long without being kept. */
export async function hold(
  reader: SecuredReader,
  url: string,
  key: string,
  lock: string,
): Promise<void> {
  const session = await reader.ask(url, '/sessions', { key, body: { timeout_seconds: 120 } });
  const path = `/sessions/${String(session.body['session_id'])}/locks/${encodeURIComponent(lock)}`;
  const { status, body } = await reader.ask(url, path, { key, body: {} });
  assert.equal(status, 200, JSON.stringify(body));
}

/** One of each on one node. @param lock One that is held: it is waited for. */
export async function openWith(
  reader: SecuredReader,
  url: string,
  key: string,
  lock: string,
): Promise<readonly Opened[]> {
  const headers = { authorization: `Bearer ${key}` };
  const stream = await StreamClient.open(url, { ...reader.pair(), headers });
  const greeted = await stream.call('list_locks', {});
  assert.equal(greeted.failed, false, JSON.stringify(greeted.body));
  const session = await reader.ask(url, '/sessions', { key, body: { timeout_seconds: 120 } });
  const watch = await reader.open(url, '/watch', { key });
  assert.equal(watch.statusCode, 200);
  const path = `/sessions/${String(session.body['session_id'])}/locks/${encodeURIComponent(lock)}`;
  const waiting = reader.ask(url, path, { key, body: { wait_seconds: 60 } });
  return [
    opened(
      `stream on ${url}`,
      stream.closed.then(({ code }) => String(code)),
      () => stream.hangUp(),
    ),
    opened(`watch on ${url}`, text(watch).then(codeIn), () => watch.destroy()),
    opened(
      `wait on ${url}`,
      waiting.then(({ body }) => String(body['code'])),
      () => undefined,
    ),
  ];
}
