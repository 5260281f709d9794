/** An api on a memory engine, with requests injected; every answer is held against the interface's own document. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { buildApi } from '../src/api.ts';
import type { BuiltApi } from '../src/api.ts';
import { errorsOf, pathFields, routes } from '../src/http/routes.ts';
import type { Route } from '../src/http/routes.ts';
import type { ApiOptions } from '../src/options.ts';
import { compileCheck } from '../src/validation/compile.ts';
import { MemoryEngine } from './memory-engine.ts';

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Harness {
  readonly engine: MemoryEngine;
  readonly built: BuiltApi;
  readonly logged: { readonly fields: object; readonly message: string }[];
  request(
    method: 'GET' | 'POST' | 'DELETE' | 'PUT' | 'HEAD' | 'OPTIONS',
    url: string,
    body?: object | string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  /** Creates a session and tells its id. */
  session(fields?: object): Promise<string>;
  /** Acquires for a session and tells the token. */
  acquire(sessionId: string, name: string): Promise<number>;
}

/**
 * @param checksAnswers Whether what is answered, but errors, is held against the document: to compile what checks that takes most of the
 *     time of a test that asks for everything once.
 */
export function startHarness(
  test: TestContext,
  options: Partial<ApiOptions> = {},
  checksAnswers = true,
): Harness {
  const engine = new MemoryEngine();
  const logged: { fields: object; message: string }[] = [];
  const ignore = (): void => undefined;
  const built = buildApi({
    engine,
    host: '127.0.0.1',
    port: 0,
    nodeId: 'node-1',
    version: '9.9.9',
    log: {
      info: ignore,
      warn: ignore,
      error: (fields, message) => {
        logged.push({ fields, message });
      },
    },
    ...options,
  });
  test.after(() => built.close());
  const harness: Harness = {
    engine,
    built,
    logged,
    async request(method, url, body, headers = {}) {
      const isText = typeof body === 'string' || body instanceof Buffer;
      const response = await built.app.inject({
        method,
        url,
        headers: {
          host: 'localhost',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { payload: isText ? body : JSON.stringify(body) }),
      });
      const type = String(response.headers['content-type']);
      const isJson = type.includes('json') && response.body !== '';
      const answer: Answer = {
        status: response.statusCode,
        type,
        headers: response.headers,
        text: response.body,
        body: isJson ? (JSON.parse(response.body) as Answer['body']) : {},
      };
      assertDocumented(method, url, answer, checksAnswers);
      return answer;
    },
    async session(fields = {}) {
      const { body, status } = await harness.request('POST', '/sessions', fields);
      assert.equal(status, 200);
      return String(body['session_id']);
    },
    async acquire(sessionId, name) {
      const url = `/sessions/${sessionId}/locks/${encodeURIComponent(name)}`;
      const { body, status } = await harness.request('POST', url);
      assert.equal(status, 200);
      return Number(body['fence_token']);
    },
  };
  return harness;
}

const errorsOfRoutes = new Map<Route, readonly string[]>();
const answerChecks = new Map<Route, ReturnType<typeof compileCheck>>();

/** The answer is one that the route is documented to give: its schema, or one of its error codes. */
function assertDocumented(
  method: string,
  url: string,
  answer: Answer,
  checksAnswers: boolean,
): void {
  const route = routeOf(method, url);
  if (route === undefined) return;
  if (answer.type.startsWith('application/problem+json')) {
    const code = answer.body['code'];
    const documented = errorsOfRoutes.get(route) ?? errorsOf(route);
    errorsOfRoutes.set(route, documented);
    assert.ok(
      typeof code === 'string' && documented.includes(code),
      `${method} ${route.path} answered with the undocumented code ${String(code)}`,
    );
    assert.equal(answer.body['status'], answer.status);
    return;
  }
  if (route.kind !== 'operation' || !checksAnswers) return;
  const check = answerChecks.get(route) ?? compileCheck(route.operation.answerSchema);
  answerChecks.set(route, check);
  assert.ok(
    check.passes(answer.body),
    `${method} ${route.path} answered ${answer.text}: ${check.passes(answer.body) ? '' : check.requestError().message}`,
  );
}

const patterns = routes.map((route): readonly [Route, RegExp] => {
  let pattern = route.path;
  for (const field of pathFields(route.path)) pattern = pattern.replace(`{${field}}`, '[^/]*');
  return [route, new RegExp(`^${pattern}$`)];
});

function routeOf(method: string, url: string): Route | undefined {
  const [path = ''] = url.split('?');
  return patterns.find(([route, pattern]) => route.method === method && pattern.test(path))?.[0];
}

export function assertProblem(answer: Answer, status: number, code: string): void {
  assert.equal(answer.body['code'], code, answer.text);
  assert.equal(answer.status, status);
  assert.match(answer.type, /^application\/problem\+json/);
  for (const field of ['type', 'title', 'detail']) {
    assert.equal(typeof answer.body[field], 'string', field);
  }
}
