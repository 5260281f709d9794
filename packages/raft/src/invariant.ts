/** A promise of the protocol is broken: by a defect here or by a disk that lies. The process must stop. */
export class RaftInvariantError extends Error {
  override readonly name: string = 'RaftInvariantError';
}

export function invariant(holds: boolean, message: string): asserts holds {
  if (!holds) throw new RaftInvariantError(message);
}
