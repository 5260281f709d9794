/**
 * How large things may become on their way through the engine, in one place, because each bound rests
 * on the next: a command fits in a batch, a batch in an entry, an entry in a frame between peers. What
 * does not fit is refused where it enters; nothing is ever proposed that no message can carry, for the
 * node that has such an entry is elected (its log is the longest) and can never commit.
 *
 * BOUND-1: maxCommandBytes + batchOverheadBytes ≤ maxBatchBytes ≤ maxEntryBytes. A batch of one command
 *     is a batch, and every batch can be proposed.
 * BOUND-2: an append can be sent, whatever is in it. `Log.slice` counts 32 bytes beside the data of each
 *     entry and stops at maxAppendBytes, except that it gives at least one entry. So the data is at
 *     most maxAppendBytes or one entry of maxEntryBytes, and there are at most maxAppendBytes / 32
 *     entries (32,768), each with a head of entryHeadBytes: 1 MiB + 1 MiB + 672 KiB and the
 *     message's own head, which is far below maxFrameBytes.
 * BOUND-3: a part of a snapshot can be sent: its bytes and a header with the membership, which is in the
 *     log as an entry and so not longer than maxEntryBytes.
 * BOUND-4: what waits to be proposed has at most maxPendingCommands commands and maxPendingBytes.
 * BOUND-5: the commands of a batch have at most maxWorkPerBatch units of work, unless it is one command: what they do is
 *     bounded, and not their number alone.
 * BOUND-6: the commands of a batch have at most sharedBatchBytes, unless it is one command, and one turn proposes little more
 *     (COMMANDS-10): what is encoded, sent and applied of an entry is so in one turn, on every member.
 *
 * `bounds.test.ts` checks the arithmetic against real frames.
 */
const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

/**
 * One command as it is in the log. The API takes bodies of 64 KiB; as JSON a byte of it may become six
 * (an escaped control character), and an element of a list gets names around it.
 */
export const maxCommandBytes: number = 512 * kibibyte;

/** `[2,<time>,[` and `]]`: format version and cluster time, around the commands. */
export const batchOverheadBytes = 64;

/** Commands that share one entry. Larger batches would gain nothing, and delay those behind them. */
export const maxBatchBytes: number = 1 * mebibyte;
/**
 * Of commands that share one (BOUND-6). To write 256 KiB for two members and the log, and to apply them, takes some 5 ms. Commands of
 * locks are cut by their number long before.
 */
export const sharedBatchBytes: number = 256 * kibibyte;
/**
 * An entry is applied in one turn (ENG-APPLY-2), and that may be one in which V8 marks a large heap: for each 64 KiB that is allocated it takes 5 ms,
 * and so many acquires allocate 150 KiB. Others may do more (BOUND-5).
 */
export const maxCommandsPerBatch = 64;
/**
 * Work that the commands of one entry may make (WORK-5 of the state), a command alone excepted. A plain one counts for 4. A unit takes 3 to 10 µs: a
 * message that is purged or redriven, a hold or a wait that ends. They free more than they allocate.
 */
export const maxWorkPerBatch = 1024;

/** Of the log: the core refuses to propose what is larger. */
export const maxEntryBytes: number = 1 * mebibyte;

/** Entries in one append message. */
export const maxAppendBytes: number = 1 * mebibyte;

/** Index and term as doubles, kind, byte length. */
export const entryHeadBytes: number = 2 * 8 + 1 + 4;

/** Bytes of a snapshot in one message. */
export const snapshotChunkBytes: number = 256 * kibibyte;

/**
 * A frame between peers. Far above what an append or a part of a snapshot needs (BOUND-2, BOUND-3): a
 * log that was written before batches were bounded by bytes may hold larger entries.
 */
export const maxFrameBytes: number = 32 * mebibyte;

/** Before the other side has shown who it is, it may send one hello, and no more than this. */
export const maxHelloBytes: number = 64 * kibibyte;

/** Commands that are queued or in the log and not yet applied. */
export const maxPendingCommands = 100_000;
export const maxPendingBytes: number = 64 * mebibyte;
