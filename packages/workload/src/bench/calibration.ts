/**
 * What the machine can do at this moment, measured in the same run: with it the stats of two machines
 * can be compared as ratios.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import type { RawData } from 'ws';

export interface Calibration {
  /** Commits of one row with `synchronous=FULL` in a write-ahead log, a second. */
  readonly fsyncedCommitsPerSecond: number;
  /** Round trips of a small message to an echo in another process, one at a time, a second. */
  readonly echoesPerSecond: number;
  /** The same with 64 on their way at any time, each a message of its own. */
  readonly echoesOf64PerSecond: number;
}

/** @param folder on the disk that the nodes write to. */
export async function calibrate(folder: string, eachMs: number): Promise<Calibration> {
  const fsyncedCommitsPerSecond = commitsPerSecond(join(folder, 'calibration.sqlite'), eachMs);
  const [echo, port] = await startEcho();
  try {
    return {
      fsyncedCommitsPerSecond,
      echoesPerSecond: await echoesPerSecond(port, 1, eachMs),
      echoesOf64PerSecond: await echoesPerSecond(port, 64, eachMs),
    };
  } finally {
    const exited = once(echo, 'exit');
    echo.disconnect();
    await exited;
  }
}

function commitsPerSecond(file: string, forMs: number): number {
  const database = new DatabaseSync(file);
  try {
    database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;');
    database.exec('CREATE TABLE entry (number INTEGER PRIMARY KEY, data BLOB NOT NULL)');
    const insert = database.prepare('INSERT INTO entry (data) VALUES (?)');
    const data = new Uint8Array(200);
    const startMs = performance.now();
    let count = 0;
    let nowMs = startMs;
    while (nowMs < startMs + forMs) {
      insert.run(data);
      count += 1;
      nowMs = performance.now();
    }
    return (count * 1000) / (nowMs - startMs);
  } finally {
    database.close();
    for (const ending of ['', '-wal', '-shm']) rmSync(file + ending, { force: true });
  }
}

async function startEcho(): Promise<[ChildProcess, number]> {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const echo = fork(fileURLToPath(new URL(`./echo.${ending}`, import.meta.url)));
  const [port]: unknown[] = await once(echo, 'message');
  if (typeof port !== 'number') throw new Error('The echo did not tell its port.');
  return [echo, port];
}

async function echoesPerSecond(port: number, inFlight: number, forMs: number): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${String(port)}`, { perMessageDeflate: false });
  await once(socket, 'open');
  const message = JSON.stringify([
    [1, 'acquire', { name: 'calibration', session_id: 'x'.repeat(36) }],
  ]);
  const startMs = performance.now();
  const count = await new Promise<number>((resolve, reject) => {
    let echoed = 0;
    socket.on('error', reject);
    socket.on('message', (data: RawData) => {
      echoed += 1;
      if (performance.now() - startMs >= forMs) resolve(echoed);
      else socket.send(data, { binary: false });
    });
    for (let sent = 0; sent < inFlight; sent++) socket.send(message);
  });
  const seconds = (performance.now() - startMs) / 1000;
  socket.terminate();
  return count / seconds;
}
