/**
 * The path to the leader broke. Not an error for the caller yet: the engine goes on with the next
 * leader where that is safe.
 */
export class Interrupted extends Error {
  override readonly name: string = 'Interrupted';
  /** False: the request was certainly not executed. */
  readonly begun: boolean;
  constructor(begun: boolean, message: string) {
    super(message);
    this.begun = begun;
  }
}
