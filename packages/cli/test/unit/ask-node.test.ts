/** What is asked of nodes over HTTP: who is shown the key, and what is told where no answer comes. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import http, { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { noneAnswered, readStatus, readStatusOfAny } from '../../src/ask-node.ts';
import { isAlive } from '../../src/endpoints.ts';
import { explain, UsageError } from '../../src/failure.ts';
import { change } from '../../src/operate.ts';

const soon = (): AbortSignal => AbortSignal.timeout(5000);

function setVariable(t: TestContext, name: string, value: string): void {
  const before = process.env[name];
  process.env[name] = value;
  t.after(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });
}

/** A server that answers everything so, without its scheme. */
async function serve(
  t: TestContext,
  status: number,
  body: string,
  note: (request: IncomingMessage) => void = () => undefined,
): Promise<string> {
  const server = createServer((request, response) => {
    note(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return `127.0.0.1:${String(port)}`;
}

const refusing = JSON.stringify({ code: 'unauthorized', detail: 'A key is needed.' });

async function failureOf(url: string): Promise<HoldfastError> {
  const { failure } = await readStatus(url, soon());
  assert.ok(failure !== undefined);
  return failure;
}

describe('a node that is asked for its status', () => {
  it('and refuses is told by its refusal, not as one that does not run', async (t) => {
    const at = await serve(t, 401, refusing);
    const failure = await failureOf(`http://${at}`);
    assert.equal(failure.code, 'unauthorized');
    assert.equal(failure.message, 'A key is needed.');
    assert.equal(explain(failure, []).status, 1);
  });

  it('and is somebody else is told so, with status 5', async (t) => {
    for (const body of ['<html>', '{"code":"route_not_found","detail":"x"}', '{}']) {
      const failure = await failureOf(`http://${await serve(t, 404, body)}`);
      assert.match(failure.message, /not as a node of a cluster \(HTTP status 404\)/);
      assert.equal(explain(failure, []).status, 5);
    }
  });

  it('and with which no TLS comes about is told by the code of that, with what to look at', async (t) => {
    const failure = await failureOf(`https://${await serve(t, 200, '{}')}`);
    assert.match(failure.message, /no connection over TLS comes about: (?:ERR_SSL|EPROTO)/);
    assert.match(explain(failure, []).advice, /--ca, --cert and --key/);
    assert.equal(explain(failure, []).status, 5);
  });

  it('and is not asked, for a file with a key that cannot be read, ends with the name of the variable', async (t) => {
    setVariable(t, 'HOLDFAST_API_KEY_FILE', '/nowhere/a.key');
    await assert.rejects(readStatus('http://127.0.0.1:1', soon()), UsageError);
    await assert.rejects(change(['http://127.0.0.1:1'], 'transfer', {}), UsageError);
  });

  it('given several, then a refusal is told before those that do not run', () => {
    const lost = new HoldfastError('connection_lost', 'http://a: ECONNREFUSED');
    const refusal = new HoldfastError('forbidden', 'No.');
    assert.equal(noneAnswered(['http://a', 'http://b'], [lost, refusal]), refusal);
    const none = noneAnswered(['http://a'], [lost]);
    assert.equal(none.message, 'No node answered (http://a: ECONNREFUSED).');
    assert.match(explain(none, ['http://a']).advice, /holdfast server/);
  });
});

describe('the nodes that nobody has named', () => {
  it('are looked for without the API key; what is no node that lives is none', async (t) => {
    setVariable(t, 'HOLDFAST_API_KEY', 'hf_secret');
    const shown: (string | undefined)[] = [];
    const note = ({ headers }: IncomingMessage): number => shown.push(headers.authorization);
    assert.equal(await isAlive(`http://${await serve(t, 200, '{}', note)}`), true);
    assert.equal(await isAlive(`http://${await serve(t, 503, '{}', note)}`), false);
    assert.deepEqual(shown, [undefined, undefined]);
    assert.equal(await isAlive('http://127.0.0.1:1'), false);
  });
});

describe('a question without TLS', () => {
  it('is asked with the key and a body, and without `fetch` (PLAIN-1)', async (t) => {
    setVariable(t, 'HOLDFAST_API_KEY', 'hf_secret');
    const fetched = t.mock.method(globalThis, 'fetch');
    const shown: unknown[] = [];
    const note = ({ method, headers }: IncomingMessage): number =>
      shown.push([method, headers.authorization, headers['content-length']]);
    const url = `http://${await serve(t, 200, '{"level":"info"}', note)}`;
    assert.deepEqual(await change([url], 'log_level', {}), { level: 'info' });
    await change([url], 'set_log_level', { level: 'info' });
    assert.deepEqual(shown, [
      ['GET', 'Bearer hf_secret', undefined],
      ['POST', 'Bearer hf_secret', '16'],
    ]);
    assert.equal(fetched.mock.callCount(), 0);
  });
});

describe('a change of the cluster of which no answer comes', () => {
  const failing = (t: TestContext, cause: object): void => {
    t.mock.method(globalThis, 'fetch', async () => {
      throw new TypeError('fetch failed', { cause: Object.assign(new Error('x'), cause) });
    });
    t.mock.method(http, 'request', () => {
      const asked = new EventEmitter();
      const fail = (): boolean => asked.emit('error', Object.assign(new Error('x'), cause));
      return Object.assign(asked, { end: () => setImmediate(fail) });
    });
  };
  /** The same with TLS and without. */
  const codeOf = async (operation: 'transfer' | 'log_level'): Promise<string> => {
    const codes: string[] = [];
    for (const url of ['http://a', 'https://a']) {
      const failure = await change([url], operation, {}).then(
        () => assert.fail('there is no answer'),
        (error: unknown) => error,
      );
      assert.ok(failure instanceof HoldfastError);
      codes.push(failure.code);
    }
    assert.equal(codes[0], codes[1]);
    return codes[0] ?? '';
  };

  for (const cause of [
    { code: 'ECONNREFUSED' },
    { code: 'EAI_AGAIN' },
    { code: 'ENETUNREACH' },
    { code: 'UND_ERR_CONNECT_TIMEOUT' },
    { code: 'ETIMEDOUT', syscall: 'connect' },
    { code: 'CERT_HAS_EXPIRED' },
    { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
  ])
    it(`was not executed where nothing was sent: ${cause.code}`, async (t) => {
      failing(t, cause);
      assert.equal(await codeOf('transfer'), 'connection_lost');
    });

  for (const cause of [
    { code: 'ECONNRESET', syscall: 'read' },
    { code: 'UND_ERR_SOCKET' },
    { code: 'ETIMEDOUT', syscall: 'read' },
    { code: 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC' },
  ])
    it(`may have been executed where something was: ${cause.code}`, async (t) => {
      failing(t, cause);
      assert.equal(await codeOf('transfer'), 'outcome_unknown');
    });

  it('is none where it only asks', async (t) => {
    failing(t, { code: 'ECONNRESET', syscall: 'read' });
    assert.equal(await codeOf('log_level'), 'connection_lost');
  });
});

describe('the status of a cluster', () => {
  const statusOf = (node: string, isReady: boolean): string =>
    JSON.stringify({
      cluster_id: 'c',
      node_id: node,
      term: 1,
      members: [],
      is_ready: isReady,
      removed: node === 'removed',
    });
  const at = async (t: TestContext, body: string): Promise<string> =>
    `http://${await serve(t, 200, body)}`;

  it('is that of a node that knows a leader, whichever is asked first', async (t) => {
    const removed = await at(t, statusOf('removed', false));
    const cutOff = await at(t, statusOf('cut-off', false));
    const member = await at(t, statusOf('member', true));
    assert.equal((await readStatusOfAny([removed, member], 5000)).node_id, 'member');
    assert.equal((await readStatusOfAny([cutOff, removed], 5000)).node_id, 'cut-off');
    assert.equal((await readStatusOfAny([removed, cutOff], 5000)).node_id, 'cut-off');
    const refuses = `http://${await serve(t, 401, refusing)}`;
    assert.equal((await readStatusOfAny([refuses, removed], 5000)).node_id, 'removed');
    await assert.rejects(readStatusOfAny([refuses], 5000), { code: 'unauthorized' });
  });
});
