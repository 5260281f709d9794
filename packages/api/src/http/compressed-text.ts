/** A large text that does not change: made and compressed once, when it is first asked for. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { takesGzip } from '@holdfast/dashboard';

const compress = promisify(gzip);

export class CompressedText {
  readonly #make: () => string;
  #text: string | undefined;
  #compressed: Promise<Buffer> | undefined;

  constructor(make: () => string) {
    this.#make = make;
  }

  /** As the caller takes it (RFC 9110, 12.5.3). */
  async for({ headers }: FastifyRequest, reply: FastifyReply): Promise<string | Buffer> {
    this.#text ??= this.#make();
    addVary(reply, 'accept-encoding');
    if (!takesGzip(headers['accept-encoding'] ?? '')) return this.#text;
    reply.header('content-encoding', 'gzip');
    return (this.#compressed ??= compress(this.#text));
  }
}

/** An answer may vary with the origin, too. */
export function addVary(reply: FastifyReply, header: string): void {
  const others = reply.getHeader('vary');
  reply.header('vary', others === undefined ? header : `${String(others)}, ${header}`);
}
