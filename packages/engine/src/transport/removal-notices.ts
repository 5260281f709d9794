/**
 * How a member says to a node that it was removed from the cluster.
 *
 * REMOVED-1: it is said only by a node whose committed membership does not name the other one, to a folder that it has
 *     met as that member's, on a connection on which both have shown who they are (HELLO-1). It names cluster, member,
 *     incarnation, and the log index of that membership, and is taken for nobody else.
 *
 * It comes in a frame of the kind that tells addresses, of which it tells none: releases before end a connection on which a kind comes
 * that they do not know.
 */
import type { LogIndex, MemberId } from '@holdfast/raft';
import type { Identity } from '../identity.ts';
import { isCount } from './fields.ts';
import { encodeJsonFrame, frameKinds } from './frames.ts';

interface Notice {
  readonly clusterId: string;
  readonly member: string;
  readonly incarnation: string;
  /** Of the membership, committed, that does not name the member. */
  readonly index: LogIndex;
}

/** @param incarnation As the member has shown it. */
export function encodeRemovalNotice(
  { clusterId }: Pick<Identity, 'clusterId'>,
  member: MemberId,
  incarnation: string,
  index: LogIndex,
): Buffer {
  const removed: Notice = { clusterId, member, incarnation, index };
  return encodeJsonFrame(frameKinds.addresses, { told: [], removed }, member);
}

/** The index that a notice names where it is about this node (REMOVED-1). */
export function noticeFor(
  { clusterId, nodeId, incarnation }: Pick<Identity, 'clusterId' | 'nodeId' | 'incarnation'>,
  told: unknown,
): LogIndex | undefined {
  if (typeof told !== 'object' || told === null) return undefined;
  const notice: { readonly [Field in keyof Notice]?: unknown } = told;
  const isOwn =
    notice.clusterId === clusterId &&
    notice.member === nodeId &&
    notice.incarnation === incarnation;
  return isOwn && isCount(notice.index) ? notice.index : undefined;
}
