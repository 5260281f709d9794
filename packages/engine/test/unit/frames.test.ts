import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { MemberId, Message } from '@holdfast/raft';
import {
  encodeJsonFrame,
  FrameError,
  FrameReader,
  FrameTooLargeError,
  frameKinds,
} from '../../src/transport/frames.ts';
import { decodeMessage, encodeMessageFrame, maxTermStep } from '../../src/transport/messages.ts';

const append = (bytes: readonly Uint8Array[]): Message => ({
  type: 'append',
  term: 3,
  previousIndex: 7,
  previousTerm: 2,
  entries: bytes.map((data, position) => ({ index: 8 + position, term: 3, kind: 'command', data })),
  commit: 6,
  probe: 11,
});

const part: Extract<Message, { type: 'snapshot_chunk' }> = {
  type: 'snapshot_chunk',
  term: 3,
  meta: {
    index: 7,
    term: 2,
    membership: { members: [{ id: 'n1' as MemberId, address: 'h:1', role: 'voter' }] },
    hash: '0123456789abcdef'.repeat(4),
    byteLength: 10,
  },
  offset: 7,
  byteLength: 3,
  data: new Uint8Array([1, 2, 3]),
  probe: 4,
};
const answer: Message = {
  type: 'snapshot_answer',
  term: 3,
  hash: part.meta.hash,
  nextOffset: 10,
  installed: false,
  probe: 4,
};

/** What stands in the frame of a message. */
const bodyOf = (message: Message): Buffer =>
  new FrameReader().push(encodeMessageFrame(message))[0]?.body ?? Buffer.alloc(0);

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

  it('of a message whose bytes are not as many as its entries say are refused', () => {
    const whole = bodyOf(append([new Uint8Array([1, 2, 3])]));
    assert.throws(() => decodeMessage(whole.subarray(0, -1)), /shorter than its entries/);
    assert.throws(() => decodeMessage(Buffer.concat([whole, Buffer.of(0)])), /longer than its/);
  });

  it('with entries that do not follow each other are refused', () => {
    const message = append([new Uint8Array([1])]) as Extract<Message, { type: 'append' }>;
    assert.throws(
      () => decodeMessage(bodyOf({ ...message, previousIndex: 6 })),
      /do not follow each other/,
    );
  });

  it('with a header that is no message are refused, whatever it is', () => {
    for (const header of ['', '{', 'null', '[]', '1', '{}', '{"type":"constructor","term":1}']) {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(header.length, 0);
      assert.throws(() => decodeMessage(Buffer.concat([length, Buffer.from(header)])), FrameError);
    }
    assert.throws(() => decodeMessage(Buffer.of(1, 2)), FrameError);
    assert.throws(() => decodeMessage(Buffer.of(255, 255, 255, 255)), FrameError);
  });

  it('with a term that no elections can have counted up to are refused (FRAME-3)', () => {
    const ownTerm = 1000;
    const highest = ownTerm + maxTermStep;
    const vote = { type: 'vote', lastIndex: 1, lastTerm: 1, transfer: false } as const;
    assert.deepEqual(decodeMessage(bodyOf({ ...vote, term: highest }), ownTerm), {
      ...vote,
      term: highest,
    });
    for (const [term, own] of [
      [highest + 1, ownTerm],
      [Number.MAX_SAFE_INTEGER, ownTerm],
      [2 ** 52 + 1, 2 ** 52],
    ] as const) {
      assert.throws(
        () => decodeMessage(bodyOf({ ...vote, term }), own),
        (error) => error instanceof FrameError && /term \d+ is too far above/.test(error.message),
      );
    }
  });

  it('that speak of terms which their sender has not seen are refused', () => {
    const vote = { type: 'vote', term: 3, lastIndex: 1, lastTerm: 4, transfer: false } as const;
    assert.throws(() => decodeMessage(bodyOf(vote)), /bad field lastTerm/);
    const message = append([new Uint8Array([1])]) as Extract<Message, { type: 'append' }>;
    const [entry] = message.entries;
    assert.ok(entry !== undefined);
    assert.throws(() => decodeMessage(bodyOf({ ...message, previousTerm: 4 })), /previousTerm/);
    for (const term of [1, 4]) {
      const changed = { ...message, entries: [{ ...entry, term }] };
      assert.throws(() => decodeMessage(bodyOf(changed)), /terms of the entries/);
    }
  });

  const n1 = { id: 'n1' as MemberId, address: 'h:1', role: 'voter' } as const;
  const memberships: readonly [string, unknown][] = [
    ['is no JSON', 'x'],
    ['is of another format', { version: 2, members: [n1] }],
    ['names nobody', { version: 1, members: [] }],
    ['has no voter', { version: 1, members: [{ ...n1, role: 'learner' }] }],
    ['names one twice', { version: 1, members: [n1, n1] }],
    ['has a member without a name', { version: 1, members: [{ ...n1, id: '' }] }],
    ['has an address that is no text', { version: 1, members: [{ ...n1, address: 7 }] }],
    ['has no role', { version: 1, members: [{ ...n1, role: 'x' }] }],
  ];
  for (const [what, membership] of memberships) {
    it(`with an entry of the members that ${what} are refused`, () => {
      const message = append([]) as Extract<Message, { type: 'append' }>;
      const text = typeof membership === 'string' ? membership : JSON.stringify(membership);
      const data = Buffer.from(text);
      const entries = [{ index: 8, term: 3, kind: 'membership', data }] as const;
      assert.throws(
        () => decodeMessage(bodyOf({ ...message, entries })),
        (error) => error instanceof FrameError && /names the members/.test(error.message),
      );
    });
  }

  it('carry a part of a snapshot, and where a transfer stands', () => {
    for (const message of [part, answer]) assert.deepEqual(decodeMessage(bodyOf(message)), message);
  });

  const damaged: readonly [string, object][] = [
    ['meta', { meta: null }],
    ['meta', { meta: { ...part.meta, hash: 'A'.repeat(64) } }],
    ['meta', { meta: { ...part.meta, hash: 'a'.repeat(63) } }],
    ['meta', { meta: { ...part.meta, byteLength: -1 } }],
    ['meta', { meta: { ...part.meta, byteLength: 1.5 } }],
    ['meta', { meta: { ...part.meta, byteLength: 0 }, offset: 0 }],
    ['meta', { meta: { ...part.meta, index: 0 } }],
    ['meta', { meta: { ...part.meta, membership: { members: [null] } } }],
    ['meta', { meta: { ...part.meta, membership: { members: [] } } }],
    ['later term', { meta: { ...part.meta, term: 4 } }],
    ['offset', { offset: 2 ** 53 }],
    ['offset', { offset: '0' }],
    ['beyond its end', { offset: 8 }],
    ['another length', { byteLength: 2 }],
    ['another length', { data: new Uint8Array(4) }],
    ['byteLength', { byteLength: null }],
  ];
  for (const [names, change] of damaged) {
    it(`with a part of a snapshot that has ${JSON.stringify(change)} are refused`, () => {
      const message = { ...part, ...change } as Message;
      assert.throws(() => decodeMessage(bodyOf(message)), new RegExp(names));
    });
  }

  it('with an answer to a part of a snapshot that is not complete are refused', () => {
    for (const change of [{ hash: 'x' }, { nextOffset: -1 }, { installed: 1 }, { probe: null }]) {
      const message = { ...answer, ...change } as unknown as Message;
      assert.throws(() => decodeMessage(bodyOf(message)), FrameError);
    }
  });

  it('are put together once, however small the pieces are', () => {
    // Joined again with each piece, 8 MiB in pieces of 512 bytes would copy 64 GiB.
    const frame = encodeMessageFrame(append([new Uint8Array(8 * 1024 * 1024).fill(7)]));
    const reader = new FrameReader();
    const startedMs = performance.now();
    let frames = 0;
    for (let at = 0; at < frame.byteLength; at += 512)
      frames += reader.push(frame.subarray(at, at + 512)).length;
    assert.equal(frames, 1);
    assert.ok(performance.now() - startedMs < 5000);
  });

  it('above the limit are not made, and the error says what, to whom and how large (FRAME-1)', () => {
    assert.throws(
      () => encodeMessageFrame(append([new Uint8Array(32 * 1024 * 1024)]), 'n2'),
      (error) =>
        error instanceof FrameTooLargeError &&
        /raft message append to n2 .* 3355\d+ bytes.* 33554432/.test(error.message),
    );
  });

  it('carry calls as JSON', () => {
    const [frame] = new FrameReader().push(
      encodeJsonFrame(frameKinds.call, { id: 1, request: { a: 'ü' } }),
    );
    assert.deepEqual(JSON.parse(frame?.body.toString() ?? ''), { id: 1, request: { a: 'ü' } });
  });
});
