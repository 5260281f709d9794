/** Sends bytes to a port, and tells what comes back. */
import { connect } from 'node:net';

const ignore = (): void => undefined;
/** How long an answer is waited for; most inputs get one, or the connection ends. */
export const listenMs = 30;

/** Until the connection ends, or for a while. */
export function exchanged(port: number, input: Buffer): Promise<Buffer> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    const socket = connect(port, '127.0.0.1');
    socket.on('error', ignore);
    socket.on('data', (part: Buffer) => parts.push(part));
    const timer = setTimeout(() => socket.destroy(), listenMs);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(parts));
    });
    socket.on('connect', () => socket.write(input));
  });
}

/** As one message of a WebSocket, of bytes or of text by its length. */
export async function exchangedFrame(url: string, input: Buffer): Promise<Buffer> {
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  const parts: Buffer[] = [];
  socket.addEventListener('error', ignore);
  socket.addEventListener('message', ({ data }) => {
    parts.push(Buffer.from(data as ArrayBuffer));
  });
  await new Promise<void>((resolve) => {
    setTimeout(() => socket.close(), 2 * listenMs);
    socket.addEventListener('open', () =>
      socket.send(input.length % 2 === 0 ? new Uint8Array(input) : input.toString('latin1')),
    );
    socket.addEventListener('close', () => resolve());
  });
  return Buffer.concat(parts);
}
