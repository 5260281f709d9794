/** The feature levels and what came with each (FEATURE-1 of feature-levels.ts). */

/** Of a log that names none: everything before there were levels, and the command that raises them. */
export const firstFeatureLevel = 1;
/** The highest that this program reads and writes. A new one: CONTRIBUTING, "How to change what is logged". */
export const latestFeatureLevel = 3;

/** From this level on the log tells from where a command came, and how its identity was proven. */
export const callerLevel = 2;

/** From this level on a refusal tells the end of a hold of that very resource alone. */
export const endByResourceLevel = 2;

/** From this level on payloads of messages that are not small stand beside the state. */
export const payloadsBesideLevel = 3;

/** From this level on a forced release ends so many holds at a time (FORCE-1). */
export const forceInPartsLevel = 3;

/** From this level on a limit that is lowered ends the waits for more permits some with each entry (SHRINK-1). */
export const resizeInPartsLevel = 3;

/** From this level on what a push says again, by a dedup id that is known, counts toward no bound (DEDUP-3). */
export const duplicatesUncountedLevel = 3;

/** From this level on the searches for deadlocks of an entry do half as many steps as before (STATE-DEADLOCK-3). */
export const shorterSearchesLevel = 3;

/** From this level on a session is inside so many barriers at most (QUOTA-5). */
export const barriersBoundedLevel = 3;

/** From this level on a request whose id has no order tells when it was asked, and what was forgotten of such is kept (STATE-REQUEST-6). */
export const unorderedNamesLevel = 3;

/** From this level on what a caller numbered and cancelled before it came is remembered for the longest ttl (MEM-2). */
export const cancelledForTtlLevel = 3;

/** From this level on what is held after a wait tells when it was granted; before, when it was asked for (STATE-GRANT-7). */
export const grantTimeLevel = 3;
