/**
 * Files of tests that compare with what was stored: a log of an older version, the text of records, transcripts.
 * They fail for nearly every change of behaviour and say of none which promise it breaks, so that they count as a
 * find only for a fault that names the file as its own test: that the stored text is read as it was is the promise.
 */
export const replays: ReadonlySet<string> = new Set([
  'packages/raft/test/unit/transcripts.test.ts',
  'packages/state/test/unit/audit-text.test.ts',
  'packages/state/test/unit/upgrade.test.ts',
]);

/** How a file shows that it is one of them: it reads what was stored, or can write it anew. */
export const readsWhatWasStored = (text: string): boolean =>
  /\/old-log\.ts'|\bREWRITE\b/.test(text);
