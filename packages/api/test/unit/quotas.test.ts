/** What one caller may use of a node, over real connections. */
import assert from 'node:assert/strict';
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import type { Command } from '@holdfast/state';
import { WebSocket } from 'ws';
import { assertProblem, startHarness } from '../harness.ts';
import type { Harness } from '../harness.ts';
import { untilSo } from '../../../checker/src/waits.ts';

async function listen({ built }: Harness): Promise<string> {
  await built.app.listen({ host: '127.0.0.1', port: 0 });
  return `http://127.0.0.1:${String((built.app.server.address() as AddressInfo).port)}`;
}

interface Attempt {
  readonly status: number;
  readonly text: string;
  readonly close: () => Promise<void>;
}

function stream(url: string): Promise<Attempt> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/stream`);
  return new Promise((resolve, reject) => {
    socket.on('open', () =>
      resolve({
        status: 101,
        text: '',
        close: () =>
          new Promise((closed) => {
            socket.on('close', () => closed());
            socket.close();
          }),
      }),
    );
    socket.on('unexpected-response', (_request, response) => {
      void answered(response).then(resolve, reject);
    });
    socket.on('error', reject);
  });
}

function watch(url: string): Promise<Attempt> {
  return new Promise((resolve, reject) => {
    const request = get(`${url}/watch?prefix=`, { agent: false }, (response) => {
      if (response.statusCode !== 200) {
        answered(response).then(resolve, reject);
        return;
      }
      const close = (): Promise<void> =>
        new Promise((closed) => {
          response.on('close', () => closed());
          response.on('error', () => undefined);
          request.destroy();
        });
      resolve({ status: 200, text: '', close });
    });
    request.on('error', () => undefined);
  });
}

async function answered(response: IncomingMessage): Promise<Attempt> {
  let text = '';
  response.setEncoding('utf8');
  for await (const part of response) text += String(part);
  return { status: response.statusCode ?? 0, text, close: () => Promise.resolve() };
}

describe('streams and watches of one caller', () => {
  test('are limited together, and a place is free again when one has ended', async (t) => {
    const harness = startHarness(t, { limits: { maxStreamsPerCaller: 2 } });
    const url = await listen(harness);
    const { shares } = harness.built.service;
    const first = await stream(url);
    const second = await watch(url);
    assert.deepEqual([first.status, second.status], [101, 200]);
    for (const refused of [await stream(url), await watch(url)]) {
      assert.equal(refused.status, 429);
      const problem = JSON.parse(refused.text) as Readonly<Record<string, unknown>>;
      assert.equal(problem['code'], 'limit_exceeded');
      assert.equal(problem['limit'], 'max_streams_per_caller');
      assert.equal(problem['value'], 2);
    }
    for (const one of [first, second]) {
      await one.close();
      // The node may hear of it later than its client.
      let again = await stream(url);
      for (let more = 0; more < 200 && again.status === 429; more++) again = await stream(url);
      assert.equal(again.status, 101);
      await again.close();
    }
    await untilSo(() => shares.streams.callers === 0);
  });

  test('are not counted where no stream came to be', async (t) => {
    const harness = startHarness(t, { limits: { maxStreamsPerCaller: 1 } });
    const url = await listen(harness);
    const { shares } = harness.built.service;
    for (let attempt = 0; attempt < 3; attempt++) {
      // A version of the protocol that nobody speaks.
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        get(`${url}/stream`, {
          agent: false,
          headers: {
            connection: 'Upgrade',
            upgrade: 'websocket',
            'sec-websocket-version': '1',
            'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
          },
        })
          .on('response', resolve)
          .on('error', reject);
      });
      assert.equal((await answered(response)).status, 400);
      await untilSo(() => shares.streams.callers === 0);
    }
  });
});

describe('sessions of one caller', () => {
  const callersOf = (commands: readonly { readonly command: Command }[]): readonly unknown[] =>
    commands.flatMap(({ command }) => {
      if (command.type === 'create_session') return [command.caller];
      return 'ownSession' in command ? [command.ownSession?.caller] : [];
    });

  test('are made with its address, those of single holds too, on every way in', async (t) => {
    const harness = startHarness(t);
    await harness.request('POST', '/sessions', {});
    const own = { client_id: 'c', ttl_seconds: 30 };
    await harness.request('POST', '/locks/a/acquire', own);
    await harness.request('POST', '/semaphores/a/acquire', { ...own, permits: 1, limit: 1 });
    await harness.request('POST', '/election/a/campaign', own);
    await harness.request('POST', '/lock/acquire', { name: 'b', owner: 'me' });
    await harness.request('POST', '/operations/create_session', {});
    const told = callersOf(harness.engine.submitted);
    assert.deepEqual(
      told,
      Array.from({ length: 6 }, () => '127.0.0.1'),
    );
    harness.engine.submitted.length = 0;
    const url = await listen(harness);
    const socket = new WebSocket(`${url.replace('http', 'ws')}/stream`);
    await new Promise((resolve) => socket.on('open', resolve));
    socket.send(JSON.stringify([[1, 'create_session', {}]]));
    await untilSo(() => harness.engine.submitted.length > 0);
    assert.deepEqual(callersOf(harness.engine.submitted), ['127.0.0.1']);
    socket.close();
  });

  test('are refused with the limit, its value and what to do', async (t) => {
    const harness = startHarness(t);
    const { state } = harness.engine;
    const limits = { ...state.limits, maxSessionsPerCaller: 1 };
    await harness.engine.submit({ type: 'set_limits', limits }, { identity: 'test' });
    await harness.session();
    const refused = await harness.request('POST', '/sessions', {});
    assertProblem(refused, 429, 'limit_exceeded');
    assert.equal(refused.body['limit'], 'max_sessions_per_caller');
    assert.match(String(refused.body['detail']), /127\.0\.0\.1 .* End some/);
  });
});
