/** Its number, and then whatever belongs to that number. */
export const payloadOf = (number: number, bytes: number): string =>
  `${String(number)} `.repeat(Math.ceil(bytes / 2)).slice(0, bytes - 2);
