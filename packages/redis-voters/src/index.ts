/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Plain Redis servers as the voters of a quorum lease. Each server stands alone: no cluster, no replica, no
 * Sentinel that moves its address. What a voter promises, and how it is kept here:
 *
 * REDIS-1. Each step (acquire, confirm, renew, release) is one script, and Redis runs one at a time. A step that finds
 *     that its server does not vote (REDIS-4), or is of another configuration, changes nothing.
 * REDIS-2. The largest token of a resource has no expiry. Beyond 100,000 resources all of them are folded into a floor,
 *     which is above them all and from which every resource without a token of its own begins.
 * REDIS-3. A lease id that was released is remembered for five minutes, hundreds of times as long as a request may take
 *     to be answered. One that comes later still (a server that was paused) makes a lease that nobody
 *     holds, because its client cancelled the wait long ago: it can delay the next holder for a ttl, and no more.
 * REDIS-4. A server votes under a mark in its data that names the very process (Redis' run id) in which it was admitted.
 *     Data without the mark, or with that of another process (a restart, a promoted replica), do not vote: nothing
 *     tells how old they are.
 * REDIS-5. One exception: a process that finds the mark of an earlier one goes on voting where both wrote every change to
 *     disk before they answered (`appendonly yes`, `appendfsync always`, `no-appendfsync-on-rewrite no`) and it was
 *     not a replica meanwhile. Its data are then complete, unless somebody put an older file in their place: that
 *     one cannot be told from its own.
 * REDIS-6. A server comes to vote only when somebody says so (`admitRedisServers`): after the longest ttl, so that each
 *     lease in which it may have had a part has ended, and with a floor that is at least the largest token of a
 *     majority that has lost nothing; any token that was held is known there. Where no such majority is left, only
 *     a person can tell that the set is new, and it begins above the Unix time in ms, which is more than any token
 *     that an earlier set came to with fewer than 1000 grants a second.
 * REDIS-7. A connection is made for one process of a server. All is checked before its first step; it is never made
 *     again by itself, no step is kept for a later one, and none is sent after its deadline.
 * REDIS-8. Refused on sight: replicas, cluster mode, a `maxmemory-policy` other than `noeviction` (it drops leases or
 *     tokens), Redis before 6, one process that is named twice; and persistence that is less than REDIS-5, unless the
 *     caller says `allowLossOnRestart`: then each restart ends a server's vote until it is admitted again.
 *
 * REDIS-9. A vote belongs to a set: its epoch and the addresses of all its servers. The id of the set travels with each
 *     step and stands in the data of each server beside the epoch; a step of another set changes nothing, and is told
 *     which set the server has. A set that is closed grants, confirms and renews nothing; how another one follows is
 *     change-set.ts. A server that lost its data is not let into a set that has ended: of the majority that it has to
 *     hear one is closed.
 *
 * What Redis cannot promise:
 *
 * - Keys expire by the wall clock, in all versions. If it is set forward by more than the drift buffer on a majority
 *   of the servers, leases end there early, and two holders may believe in theirs at the same time. The later one
 *   still has the larger token. Let clocks be slewed, not set, while servers run.
 * - Settings are seen when a connection is made. Whoever changes them while the server runs, or deletes keys by
 *   hand, is not seen before the next connection.
 * - What a proxy between does: connections must go to one server, and stay there.
 * - A file that is put back from a backup, or copied from another server: REDIS-5 takes it for the server's own. Empty the
 *   server (FLUSHALL) and admit it instead.
 * - A disk that says that it has written and has not.
 *
 * @module redis
 */
export { admitRedisServers } from './admit.ts';
export type { AdmitOptions, AdmittedServer } from './admit.ts';
export { reconfigureRedisServers } from './change-set.ts';
export type { ReconfigureOptions } from './change-set.ts';
export type { RedisOptions } from './connection.ts';
export type { CreateRedisClient, RedisClientSettings, RedisConnection } from './driver.ts';
export { redisVoters, RedisVoter } from './voter.ts';
export type { RedisLook, RedisVoterOptions } from './voter.ts';
