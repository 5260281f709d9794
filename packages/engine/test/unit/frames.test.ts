import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Message } from '@holdfast/raft';
import {
  encodeJsonFrame,
  FrameError,
  FrameReader,
  frameKinds,
} from '../../src/transport/frames.ts';
import { decodeMessage, encodeMessageFrame } from '../../src/transport/messages.ts';

const append = (bytes: readonly Uint8Array[]): Message => ({
  type: 'append',
  term: 3,
  previousIndex: 7,
  previousTerm: 2,
  entries: bytes.map((data, position) => ({ index: 8 + position, term: 3, kind: 'command', data })),
  commit: 6,
  probe: 11,
});

function readAll(stream: Buffer, cuts: readonly number[]): Message[] {
  const reader = new FrameReader();
  const messages: Message[] = [];
  let from = 0;
  for (const cut of [
    ...cuts.map((c) => c % (stream.byteLength + 1)).sort((a, b) => a - b),
    stream.byteLength,
  ]) {
    for (const frame of reader.push(stream.subarray(from, cut)))
      messages.push(decodeMessage(frame.body));
    from = cut;
  }
  return messages;
}

describe('Frames between peers', () => {
  it('come out whole, whatever pieces the socket delivers', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }), {
          minLength: 1,
          maxLength: 5,
        }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (contents, cuts) => {
          const messages = contents.map((content) => append(content));
          const stream = Buffer.concat(messages.map((message) => encodeMessageFrame(message)));
          assert.deepEqual(readAll(stream, cuts), messages);
        },
      ),
    );
  });

  it('of a damaged stream are refused, never passed on changed', () => {
    const message = append([new Uint8Array([1, 2, 3])]);
    const frame = encodeMessageFrame(message);
    fc.assert(
      fc.property(fc.nat(frame.byteLength - 1), fc.integer({ min: 0, max: 7 }), (position, bit) => {
        const damaged = Buffer.from(frame);
        damaged[position] = (damaged[position] ?? 0) ^ (1 << bit);
        try {
          // A damaged length may make the reader wait for more; anything it does hand out must be right.
          const frames = new FrameReader().push(damaged);
          assert.equal(frames.length, 0);
        } catch (error) {
          assert.ok(error instanceof FrameError);
        }
      }),
    );
  });

  it('longer than the limit are refused before they are buffered', () => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(2 ** 31, 0);
    assert.throws(() => new FrameReader().push(head), FrameError);
  });

  it('with a message that lacks a field are refused and name it', () => {
    const header = Buffer.from(
      JSON.stringify({ type: 'vote', term: 1, lastIndex: 1, transfer: false }),
    );
    const length = Buffer.alloc(4);
    length.writeUInt32BE(header.byteLength, 0);
    assert.throws(() => decodeMessage(Buffer.concat([length, header])), /lastTerm/);
  });

  it('carry calls as JSON', () => {
    const [frame] = new FrameReader().push(
      encodeJsonFrame(frameKinds.call, { id: 1, request: { a: 'ü' } }),
    );
    assert.deepEqual(JSON.parse(frame?.body.toString() ?? ''), { id: 1, request: { a: 'ü' } });
  });
});
