/**
 * One process of the bare commit (`bare-commit.ts`): takes messages of a fixed length, writes each durably to a
 * preallocated file as a node's log does, and answers. A leader passes each message on before it is durable here, and
 * answers when it and one of the others have it. Nothing is parsed, checked, kept or applied.
 *
 * Arguments: the file, bytes of a message, then the ports of the followers, if it leads. Sends its port to its parent.
 */
import { closeSync, constants, openSync, write, writeSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

const fileBytes = 8 * 1024 * 1024;
const [path = '', bytesText = '', ...portTexts] = process.argv.slice(2);
const messageBytes = Number(bytesText);
const flags = constants.O_RDWR | constants.O_CREAT | (constants.O_DSYNC ?? 0);

/** Calls back when so many bytes more have come. */
function onEach(socket: Socket, byteLength: number, act: (message: Buffer) => void): void {
  let chunks: Buffer[] = [];
  let bytes = 0;
  socket.setNoDelay(true);
  socket.on('error', () => undefined); // 'close' follows.
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes < byteLength) return;
    let rest = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    for (; rest.byteLength >= byteLength; rest = rest.subarray(byteLength))
      act(rest.subarray(0, byteLength));
    chunks = rest.byteLength === 0 ? [] : [rest];
    bytes = rest.byteLength;
  });
}

const file = openSync(path, flags);
for (let at = 0; at < fileBytes; at += 1024 * 1024)
  writeSync(file, Buffer.alloc(1024 * 1024), 0, 1024 * 1024, at);
let position = 0;

function store(message: Buffer, done: () => void): void {
  if (position + messageBytes > fileBytes) position = 0;
  write(file, message, 0, messageBytes, position, (error) => {
    if (error !== null) throw error;
    done();
  });
  position += messageBytes;
}

const answer = Buffer.from('y');
const followers = portTexts.map((port) => ({
  socket: connect(Number(port), '127.0.0.1'),
  stored: 0,
}));
let client: Socket | undefined;
let stored = 0;
let answered = 0;

function answerWhatIsCommitted(): void {
  const committed =
    followers.length === 0
      ? stored
      : Math.min(
          stored,
          followers.reduce((most, follower) => Math.max(most, follower.stored), 0),
        );
  for (; answered < committed; answered++) client?.write(answer);
}

for (const follower of followers)
  onEach(follower.socket, 1, () => {
    follower.stored += 1;
    answerWhatIsCommitted();
  });

const server = createServer((socket) => {
  client = socket;
  onEach(socket, messageBytes, (message) => {
    const kept = Buffer.from(message);
    store(kept, () => {
      stored += 1;
      answerWhatIsCommitted();
    });
    for (const follower of followers) follower.socket.write(kept);
  });
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => {
  closeSync(file);
  process.exit(0);
});
