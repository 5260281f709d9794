/** What a message says: who pushed it, and its how manieth of theirs it is. */
export interface MessageOrigin {
  readonly worker: number;
  readonly number: number;
}
