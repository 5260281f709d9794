/** What can happen to a lease node or a client, as a number: the kind in the lowest four bits, what it is about above them. */
export const inputs = {
  tick: 0,
  /** About a message. */
  deliver: 1,
  ask_others: 2,
  end_round: 3,
  restart: 4,
  lose: 5,
  begin: 6,
  /** About a voter. */
  silent: 7,
  release: 8,
} as const;

export const inputCode = (kind: keyof typeof inputs, about = 0): number =>
  about * 16 + inputs[kind];
