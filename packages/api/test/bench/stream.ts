/**
 * How many acquire-release cycles one node's api passes on: sockets, frames, validation, operations,
 * the state machine; no log and no other node. The client is in the same process and thread, so that
 * the metric is a floor.
 *
 * node --conditions=source packages/api/test/bench/stream.ts [workers] [seconds]
 */
import { WebSocket } from 'ws';
import { buildApi } from '../../src/api.ts';
import { MemoryEngine } from '../memory-engine.ts';

const workers = Number(process.argv[2] ?? 256);
const seconds = Number(process.argv[3] ?? 3);
const ignore = (): void => undefined;
const engine = new MemoryEngine();
// What a test looks at would only grow here.
engine.submitted.push = () => 0;
const built = buildApi({
  engine,
  host: '127.0.0.1',
  port: 0,
  nodeId: 'node-1',
  version: '0',
  log: { info: ignore, warn: ignore, error: console.error },
});
const url = await built.app.listen({ host: '127.0.0.1', port: 0 });
const sessions = await Promise.all(
  Array.from({ length: Math.ceil(workers / 16) }, async () => {
    const { body } = await built.app.inject({ method: 'POST', url: '/sessions' });
    return (JSON.parse(body) as { readonly session_id: string }).session_id;
  }),
);
const socket = new WebSocket(`${url.replace('http', 'ws')}/stream`, { perMessageDeflate: false });
const nextNumber = sessions.map(() => 1);
let outgoing: unknown[] = [];
let cycles = 0;

/** Ids tell the worker and the step: 2w+1 is its acquire, 2w+2 its release. */
function step(worker: number, operation: 'acquire' | 'release'): void {
  const at = worker % sessions.length;
  const request_id = (nextNumber[at] ?? 0) + 1;
  nextNumber[at] = request_id;
  const name = `lock-${String(worker)}`;
  const session_id = sessions[at];
  const body =
    operation === 'acquire'
      ? { name, session_id, request_id, wait_seconds: 10 }
      : { name, session_id, request_id };
  outgoing.push([2 * worker + (operation === 'acquire' ? 1 : 2), operation, body]);
}

function flush(): void {
  if (outgoing.length > 0) socket.send(JSON.stringify(outgoing));
  outgoing = [];
}

socket.on('message', (data) => {
  const frame = JSON.parse((data as Buffer).toString()) as [number, number, object][];
  for (const [id, failed, body] of frame) {
    if (id === 0) continue;
    if (failed !== 0) throw new Error(JSON.stringify(body));
    const worker = (id - 1) >> 1;
    if (id % 2 === 0) cycles += 1;
    step(worker, id % 2 === 0 ? 'acquire' : 'release');
  }
  flush();
});
socket.on('open', () => {
  for (let worker = 0; worker < workers; worker += 1) step(worker, 'acquire');
  flush();
});
setTimeout(() => {
  console.log(`${String(workers)} workers: ${String(Math.round(cycles / seconds))} cycles/s`);
  process.exit(0);
}, seconds * 1000);
