/** What is done with payloads at once. */

/** Looked at, or taken away, in one turn (PAYLOAD-5). */
export const perTurn = 2000;
/** Asked for at once. */
export const mostPerPage = 256;
export const mostPageBytes: number = 512 * 1024;
