/**
 * A node as whoever is on the network meets it: bytes on the ports of HTTP, of streams, of gRPC, of peers. Meanwhile somebody else
 * uses it, who has to get its own answers, and whose data nobody else is told.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectHttp2, constants } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApi } from '../../packages/api/src/index.ts';
import { MemoryEngine } from '../../packages/api/test/memory-engine.ts';
import { StreamClient } from '../../packages/api/test/stream-client.ts';
import { startPeer } from '../../packages/engine/test/unit/peer-nodes.ts';
import { encodeJsonFrame, frameKinds } from '../../packages/engine/src/transport/frames.ts';
import { exchanged, exchangedFrame, listenMs } from './exchange.ts';
import { leaseTargetNames, leaseTargets } from './lease-targets.ts';
import type { Target } from './target.ts';

const ignore = (): void => undefined;
/** So many wait beside each other; and what they reached is asked for them together. */
const beside = 16;
const atOnce = 16;
const mostGrownBytes = 512 * 1024 * 1024;
const http = (method: string, path: string, body = ''): Buffer =>
  Buffer.from(
    `${method} ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer hf_k1_${'a'.repeat(43)}\r\ncontent-type: application/json\r\ncontent-length: ${String(body.length)}\r\n\r\n${body}`,
  );

export const nodeTargetNames: readonly string[] = [
  'http-bytes',
  'stream-frames',
  'grpc-bytes',
  'peer-bytes',
  ...leaseTargetNames,
];

export async function nodeTargets(): Promise<{
  readonly targets: readonly Target[];
  readonly close: () => Promise<void>;
}> {
  const engine = new MemoryEngine();
  const defects: unknown[] = [];
  const api = await startApi({
    engine,
    host: '127.0.0.1',
    port: 0,
    grpc: { host: '127.0.0.1', port: 0 },
    nodeId: 'node-1',
    version: '0',
    log: { info: ignore, warn: ignore, error: (fields) => defects.push(fields) },
  });
  const onDefect = (error: unknown): void => void defects.push(error);
  const port = Number(new URL(api.url).port);
  const [, grpcPort = ''] = /:(\d+)$/.exec(api.grpcAddress ?? '') ?? [];
  const witness = await StreamClient.open(api.url);
  const made = await witness.call('create_session', {
    client_id: 'witness',
    timeout_seconds: 86_400,
  });
  const secret = String(made.body['session_id']);
  assert.equal(made.failed, false, JSON.stringify(made.body));
  const root = mkdtempSync(join(tmpdir(), 'holdfast-fuzz-'));
  const peer = await startPeer('node', { root, folder: 'peer' });
  const rssBefore = process.memoryUsage().rss;
  process.on('uncaughtException', onDefect);
  process.on('unhandledRejection', onDefect);
  let asked = 0;

  /** After each input: no defect, the witness has its answer and nobody else has what is the witness's. */
  const looked = async (told: Buffer): Promise<void> => {
    if (told.includes(secret)) throw new Error('the session of somebody else was told');
    asked += 1;
    const name = `w-${String(asked % 50)}`;
    const { failed, body } = await witness.call('lock_status', { name });
    if (failed || body['resource'] !== name)
      throw new Error(`the witness asked for ${name} and was told ${JSON.stringify(body)}`);
    if (defects.length > 0)
      throw new Error('a defect of the node', { cause: defects.splice(0)[0] });
    if (process.memoryUsage().rss - rssBefore > mostGrownBytes)
      throw new Error('the node leaks memory');
  };

  const targets: Target[] = [
    {
      name: 'http-bytes',
      atOnce,
      beside,
      seeds: () => [
        http('POST', '/sessions', '{"client_id":"c"}'),
        http('GET', '/locks?limit=2'),
        http('POST', '/sessions/x/locks/%2e%2e', '{"wait_seconds":0}'),
        http('GET', '/events?after=1'),
        http('POST', '/locks/acquire-many', '{"session_id":"s","resources":[{"name":"a"}]}'),
      ],
      run: async (input) => looked(await exchanged(port, input)),
    },
    {
      name: 'stream-frames',
      atOnce,
      beside,
      seeds: () => [
        Buffer.from('[[1,"create_session",{"client_id":"c"}],[2,"list_locks",{}]]'),
        Buffer.from(
          '[[1,"hello",{"api_key":"hf_k1_x"}],[2,"watch",{"names":["a"]}],[3,"cancel",{"id":2}]]',
        ),
        Buffer.from('[[1,"acquire",{"session_id":"s","name":"x","request_id":1,"wait_ms":0},1]]'),
      ],
      run: async (input) => {
        await looked(await exchangedFrame(`${api.url.replace('http', 'ws')}/stream`, input));
      },
    },
    {
      name: 'grpc-bytes',
      atOnce,
      beside,
      seeds: () => [
        Buffer.from([0, 0, 0, 0, 3, 10, 1, 99]),
        Buffer.from([0, 0, 0, 0, 5, 10, 1, 97, 18, 0]),
        Buffer.from([1, 0, 0, 0, 2, 31, 139]),
      ],
      run: async (input) => {
        const session = connectHttp2(`http://127.0.0.1:${grpcPort}`);
        session.on('error', ignore);
        const methods = [
          'Sessions/CreateSession',
          'Locks/Acquire',
          'Locks/ListLocks',
          'Events/Watch',
          'Audit/AuditStatus',
        ];
        const call = session.request({
          [constants.HTTP2_HEADER_METHOD]: 'POST',
          [constants.HTTP2_HEADER_PATH]: `/holdfast.v1.${methods[input.length % methods.length] ?? ''}`,
          'content-type': 'application/grpc',
          ...(input[0] === 1 ? { 'grpc-encoding': 'gzip' } : {}),
          te: 'trailers',
        });
        const parts: Buffer[] = [];
        call.on('error', ignore);
        call.on('data', (part: Buffer) => parts.push(part));
        await new Promise<void>((resolve) => {
          const timer = setTimeout(() => session.destroy(), 2 * listenMs);
          session.on('close', () => {
            clearTimeout(timer);
            resolve();
          });
          call.on('close', () => session.destroy());
          call.end(input);
        });
        await looked(Buffer.concat(parts));
      },
    },
    {
      name: 'peer-bytes',
      atOnce,
      beside,
      seeds: () => [
        encodeJsonFrame(frameKinds.hello, {
          version: 2,
          cluster_id: 'c',
          node_id: 'n2',
          incarnation: 'a'.repeat(32),
        }),
        encodeJsonFrame(frameKinds.call, { id: 1, request: { type: 'query' } }),
      ],
      run: async (input) => looked(await exchanged(peer.transport.port, input)),
    },
  ];
  const lease = await leaseTargets(root, defects);
  return {
    targets: [...targets, ...lease.targets],
    close: async () => {
      await lease.close();
      witness.hangUp();
      await peer.transport.close();
      await api.close();
      process.off('uncaughtException', onDefect);
      process.off('unhandledRejection', onDefect);
      rmSync(root, { recursive: true, force: true });
    },
  };
}
