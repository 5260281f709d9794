/** What the process of a client says first: it runs, and what it is to do from then on is not delayed by its start. */
export const firstWord = 'runs';
