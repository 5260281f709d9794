import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encodeMembership } from '@holdfast/raft';
import type { Entry, MemberId, Message } from '@holdfast/raft';
import { FrameError, FrameReader } from '../../src/transport/frames.ts';
import {
  decodeMessage,
  encodeMessageFrame,
  maxTermStep,
  messagePieces,
} from '../../src/transport/messages.ts';

type Append = Extract<Message, { type: 'append' }>;
type Answer = Extract<Message, { type: 'append_answer' }>;

const append: Append = {
  type: 'append',
  term: 9,
  previousIndex: 7,
  previousTerm: 2,
  entries: [
    { index: 8, term: 3, kind: 'noop', data: new Uint8Array() },
    { index: 9, term: 9, kind: 'command', data: new Uint8Array([1, 2, 3]) },
  ],
  commit: 6,
  probe: 11,
};
const accepted: Answer = {
  type: 'append_answer',
  term: 9,
  probe: 11,
  accepted: true,
  matchIndex: 9,
};
const rejected: Answer = {
  type: 'append_answer',
  term: 9,
  probe: 11,
  accepted: false,
  rejectedIndex: 7,
  conflictTerm: 2,
  conflictIndex: 5,
};

const bodyOf = (message: Message): Buffer =>
  new FrameReader().push(encodeMessageFrame(message))[0]?.body ?? assert.fail('no whole frame');

const wrongNumbers = [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53];
/** Where the numbers of a body begin, each of eight bytes. */
const numbersFrom = 5;

describe('Entries that are large', () => {
  const large = new Uint8Array(300_000).fill(7);
  const message: Append = {
    ...append,
    entries: [{ index: 8, term: 3, kind: 'command', data: large }],
  };

  it('are sent from the memory in which they are (FRAME-5)', () => {
    const pieces = messagePieces(message, 'a peer');
    assert.ok(pieces.some((piece) => piece === large));
    assert.ok(Buffer.concat(pieces).equals(encodeMessageFrame(message)));
  });

  it('stay in the memory in which they came, where most of it is theirs, and are copied out of others (FRAME-5)', () => {
    const decoded = (body: Buffer): Uint8Array => {
      const read = decodeMessage(body, 9);
      assert.ok(read.type === 'append' && read.entries[0] !== undefined);
      assert.ok(Buffer.from(read.entries[0].data).equals(large));
      return read.entries[0].data;
    };
    const body = bodyOf(message);
    assert.ok(decoded(body).buffer === body.buffer);
    const shared = Buffer.concat([body, Buffer.alloc(body.byteLength)]).subarray(
      0,
      body.byteLength,
    );
    assert.equal(decoded(shared).buffer.byteLength, large.byteLength);
  });
});

describe('Entries that are short', () => {
  const entry = (index: number, byteLength: number): Entry => ({
    index,
    term: 3,
    kind: 'command',
    data: new Uint8Array(byteLength).fill(index),
  });

  it('leave in few pieces, in their order among large ones, which are not copied (FRAME-6, FRAME-5)', () => {
    const bytesOf = (at: number): number =>
      at % 1000 === 500 ? 300_000 : at % 1000 === 700 ? 1000 : 100;
    const entries = Array.from({ length: 4000 }, (_, at) =>
      entry(append.previousIndex + 1 + at, bytesOf(at)),
    );
    const message: Append = { ...append, entries };
    const pieces = messagePieces(message, 'a peer');
    const own = entries.filter(({ data }) => data.byteLength >= 1000);
    for (const { data } of own) assert.ok(pieces.includes(data));
    // Two heads, and what is short before, between and behind those: 799 of them are more than one piece holds.
    assert.equal(pieces.length, 2 + own.length + (1 + 1 + 2 + 1 + 2 + 1 + 2 + 1 + 1));
    assert.deepEqual(decodeMessage(bodyOf(message)), message);
  });

  it('are not copied where one is alone', () => {
    const entries = [entry(8, 100), entry(9, 1000), entry(10, 100)];
    const pieces = messagePieces({ ...append, entries }, 'a peer');
    assert.deepEqual(
      pieces.slice(2).map((piece) => entries.findIndex(({ data }) => data === piece)),
      [0, 1, 2],
    );
  });
});

describe('Appends and their answers between peers', () => {
  it('arrive as they were sent, whatever numbers and bytes they carry', () => {
    const count = fc.nat(Number.MAX_SAFE_INTEGER - 10);
    const term = fc.nat(2 ** 31);
    const kind = fc.constantFrom('command', 'noop');
    fc.assert(
      fc.property(
        count,
        term,
        count,
        count,
        fc.array(fc.tuple(kind, fc.uint8Array({ maxLength: 300 })), { maxLength: 5 }),
        (previousIndex, ownTerm, commit, probe, contents) => {
          const entries = contents.map(([entryKind, data], place): Entry => ({
            index: previousIndex + 1 + place,
            term: ownTerm,
            kind: entryKind,
            data,
          }));
          const sent: Append = {
            type: 'append',
            term: ownTerm,
            previousIndex,
            previousTerm: Math.floor(ownTerm / 2),
            entries,
            commit,
            probe,
          };
          assert.deepEqual(decodeMessage(bodyOf(sent)), sent);
          const answers: readonly Answer[] = [
            { ...accepted, term: ownTerm, probe, matchIndex: commit },
            { ...rejected, term: ownTerm, probe, rejectedIndex: commit, conflictTerm: ownTerm },
          ];
          for (const answer of answers) assert.deepEqual(decodeMessage(bodyOf(answer)), answer);
        },
      ),
    );
  });

  it('name the members where an entry does', () => {
    const members = [{ id: 'n1' as MemberId, address: 'h:1', role: 'voter' }] as const;
    const data = new Uint8Array(encodeMembership({ members }));
    const sent: Append = { ...append, entries: [{ index: 8, term: 3, kind: 'membership', data }] };
    assert.deepEqual(decodeMessage(bodyOf(sent)), sent);
  });

  for (const [what, message, numbers] of [
    ['append', append, 5],
    ['accepted', accepted, 3],
    ['rejected', rejected, 5],
  ] as const) {
    it(`with a number that is none are refused: ${what} (FRAME-4)`, () => {
      for (let place = 0; place < numbers; place++)
        for (const wrong of wrongNumbers) {
          const body = Buffer.from(bodyOf(message));
          body.writeDoubleBE(wrong, numbersFrom + place * 8);
          assert.throws(() => decodeMessage(body), FrameError, `number ${String(place)}: ${wrong}`);
        }
    });

    it(`that are cut off or too long are refused: ${what}`, () => {
      const body = bodyOf(message);
      for (let length = 0; length < body.byteLength; length++)
        assert.throws(() => decodeMessage(body.subarray(0, length)), FrameError);
      assert.throws(() => decodeMessage(Buffer.concat([body, Buffer.of(0)])), FrameError);
    });

    it(`with a term that no elections can have counted up to are refused: ${what} (FRAME-3)`, () => {
      const ownTerm = 1000;
      const highest = { ...message, term: ownTerm + maxTermStep };
      assert.deepEqual(decodeMessage(bodyOf(highest), ownTerm), highest);
      assert.throws(
        () => decodeMessage(bodyOf({ ...message, term: highest.term + 1 }), ownTerm),
        (error) => error instanceof FrameError && /term \d+ is too far above/.test(error.message),
      );
    });
  }

  it('with an entry whose index, term, kind or length is wrong are refused', () => {
    const headFrom = numbersFrom + 5 * 8 + 4;
    for (const wrong of wrongNumbers)
      for (const offset of [0, 8]) {
        const body = Buffer.from(bodyOf(append));
        body.writeDoubleBE(wrong, headFrom + offset);
        assert.throws(() => decodeMessage(body), FrameError);
      }
    const ofUnknownKind = Buffer.from(bodyOf(append));
    ofUnknownKind[headFrom + 16] = 3;
    assert.throws(() => decodeMessage(ofUnknownKind), /unknown form/);
    const tooLong = Buffer.from(bodyOf(append));
    tooLong.writeUInt32BE(2 ** 32 - 1, headFrom + 17);
    assert.throws(() => decodeMessage(tooLong), /shorter than its entries/);
    const tooMany = Buffer.from(bodyOf(append));
    tooMany.writeUInt32BE(2 ** 32 - 1, headFrom - 4);
    assert.throws(() => decodeMessage(tooMany), /shorter than its entries/);
  });

  it('whose answer tells of a later term than its sender has are refused', () => {
    assert.throws(() => decodeMessage(bodyOf({ ...rejected, conflictTerm: 10 })), /conflictTerm/);
  });

  it('of an unknown form are refused', () => {
    for (const code of [0, 4, 255]) {
      const body = Buffer.from(bodyOf(accepted));
      body[4] = code;
      assert.throws(() => decodeMessage(body), /unknown form/);
    }
  });
});
