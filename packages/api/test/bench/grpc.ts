/**
 * Unary calls of grpc-js against those of connect-node, for docs/decisions/0012-grpc.md: the same handler,
 * the same client, in turns. Prints calls a second and the CPU time of the server for a call.
 *
 *     npm install --no-save @connectrpc/connect @connectrpc/connect-node @bufbuild/protobuf
 *     node --conditions=source packages/api/test/bench/grpc.ts
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { fileURLToPath } from 'node:url';
import { Client, credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import { readMessage, writeMessage } from '../../src/grpc/codec.ts';
import { loadDefinitions } from '../../src/grpc/definitions.ts';
import { interfaceFiles } from '../../src/grpc/reflection.ts';

const rounds = 5;
const roundMs = 4000;
const connections = 4;
const callsOnEach = 32;

const rpc = loadDefinitions().rpc('Check');
const body = { name: 'a/b', fence_token: 7 };

/** What is used of libraries that are no dependencies of this project. */
interface Connect {
  connectNodeAdapter(options: {
    readonly routes: (router: { service(service: unknown, methods: object): void }) => void;
  }): (request: Http2ServerRequest, response: Http2ServerResponse) => void;
}
interface Protobuf {
  createFileRegistry(set: unknown): { getService(name: string): unknown };
  create(schema: unknown): { file: unknown[] };
  fromBinary(schema: unknown, bytes: Uint8Array): unknown;
}
interface WellKnown {
  readonly FileDescriptorSetSchema: unknown;
  readonly FileDescriptorProtoSchema: unknown;
}
const optional = async <T>(name: string): Promise<T> => (await import(name)) as T;

async function serveGrpcJs(): Promise<number> {
  const server = new Server();
  server.register<Uint8Array, object>(
    rpc.path,
    (call: { request: Uint8Array }, done: (error: null, answer: object) => void) => {
      const { name } = readMessage(rpc.request, call.request);
      done(null, { valid: true, resource: name, fence_token: 7, current_fence_token: 7 });
    },
    (answer) => writeMessage(rpc.answer, answer),
    (bytes) => bytes,
    'unary',
  );
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

async function serveConnect(): Promise<number> {
  const { connectNodeAdapter } = await optional<Connect>('@connectrpc/connect-node');
  const { create, createFileRegistry, fromBinary } = await optional<Protobuf>('@bufbuild/protobuf');
  const schemas = await optional<WellKnown>('@bufbuild/protobuf/wkt');
  const set = create(schemas.FileDescriptorSetSchema);
  // Each after those that it imports.
  const files = interfaceFiles().map((file) => ({
    file: fromBinary(schemas.FileDescriptorProtoSchema, file) as {
      name: string;
      dependency: string[];
    },
  }));
  const add = (name: string): void => {
    const at = files.findIndex(({ file }) => file.name === name);
    const [found] = at < 0 ? [] : files.splice(at, 1);
    if (found === undefined) return;
    for (const dependency of found.file.dependency) add(dependency);
    set.file.push(found.file);
  };
  while (files[0] !== undefined) add(files[0].file.name);
  const service = createFileRegistry(set).getService('holdfast.v1.Locks');
  const check = ({ name }: { name: string }): object => ({
    valid: true,
    resource: name,
    fenceToken: 7n,
    currentFenceToken: 7n,
  });
  const routes = (router: { service(service: unknown, methods: object): void }): void =>
    router.service(service, { check });
  const server = createServer(connectNodeAdapter({ routes }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

interface Measured {
  readonly callsASecond: number;
  readonly cpuMicroseconds: number;
}

async function measure(child: ChildProcess, port: number): Promise<Measured> {
  const clients = Array.from(
    { length: connections },
    () =>
      new Client(`127.0.0.1:${String(port)}`, credentials.createInsecure(), {
        'grpc.use_local_subchannel_pool': 1,
      }),
  );
  let calls = 0;
  const over = new AbortController();
  const call = (client: Client): Promise<void> =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest<object, object>(
        rpc.path,
        (message) => writeMessage(rpc.request, message),
        (bytes) => readMessage(rpc.answer, bytes),
        body,
        (error) => {
          if (error === null) resolve();
          else reject(error);
        },
      );
    });
  const loops = clients.flatMap((client) =>
    Array.from({ length: callsOnEach }, async () => {
      for (; !over.signal.aborted; calls++) await call(client);
    }),
  );
  const cpu = async (): Promise<number> => {
    child.send('cpu');
    const [used] = (await once(child, 'message')) as [number];
    return used;
  };
  await new Promise((resolve) => setTimeout(resolve, roundMs / 4));
  const [callsBefore, cpuBefore, startedMs] = [calls, await cpu(), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, roundMs));
  const [done, used, tookMs] = [
    calls - callsBefore,
    (await cpu()) - cpuBefore,
    performance.now() - startedMs,
  ];
  over.abort();
  await Promise.all(loops);
  for (const client of clients) client.close();
  return { callsASecond: done / (tookMs / 1000), cpuMicroseconds: used / done };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const [, , kind] = process.argv;
if (kind !== undefined) {
  const port = kind === 'connect' ? await serveConnect() : await serveGrpcJs();
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.(user + system);
  });
  process.send?.(port);
} else {
  const results = new Map<string, Measured[]>();
  const servers = new Map<string, { readonly child: ChildProcess; readonly port: number }>();
  for (const name of ['grpc-js', 'connect']) {
    const child = fork(fileURLToPath(import.meta.url), [name]);
    const [port] = (await once(child, 'message')) as [number];
    servers.set(name, { child, port });
    results.set(name, []);
  }
  for (let round = 0; round < rounds; round++)
    for (const [name, { child, port }] of servers)
      results.get(name)?.push(await measure(child, port));
  for (const [name, measured] of results) {
    const calls = median(measured.map(({ callsASecond }) => callsASecond));
    const cpu = median(measured.map(({ cpuMicroseconds }) => cpuMicroseconds));
    console.log(
      `${name}: ${calls.toFixed(0)} calls/s, ${cpu.toFixed(0)} µs of CPU a call (medians of ${String(rounds)})`,
    );
  }
  for (const { child } of servers.values()) child.kill();
}
