/**
 * What a node has written down of its peers, and that it is not lost (IDENTITY-5 of `identity.ts`).
 *
 * Both files are made, empty, before the identity says that they were, and before the node takes part in anything. One that is missing
 * from then on was lost: whom it named would be met as if for the first time, in whichever folder.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from './identity.ts';
import type { Former, Identity } from './identity.ts';
import { knownPeersName } from './known-peers.ts';
import { peerRunsName } from './peer-runs.ts';

const forgotten: Readonly<Record<string, string>> = {
  [knownPeersName]: 'in which folders the members of its cluster were met',
  [peerRunsName]: 'which process of each member counts',
};

/** What it remembers of its peers cannot be trusted. The node must not start on this folder. */
export class PeersForgottenError extends Error {
  override readonly name: string = 'PeersForgottenError';
  constructor(path: string, what: string) {
    super(
      `${path} is not there, though this node has made it: without it this node does not know ${what}, and would let a member vote that ` +
        `lost its folder. Nothing was changed. Put the file back. If it is lost, remove this member from the cluster and add it again ` +
        `as a learner, under a new id with an empty folder (a cluster of one node, which has no peers: make the file anew, with the text {}).`,
    );
  }
}

/** @throws PeersForgottenError (IDENTITY-5) */
export function refuseForgotten(folder: string, identity: Identity | Former): void {
  if (identity.peersMade !== true) return;
  for (const [name, what] of Object.entries(forgotten)) {
    const path = join(folder, name);
    if (!existsSync(path)) throw new PeersForgottenError(path, what);
  }
}

/**
 * The caller holds the folder's lock, and records what is returned.
 *
 * @throws PeersForgottenError (IDENTITY-5)
 */
export function makePeerFiles(folder: string, identity: Identity): Identity {
  refuseForgotten(folder, identity);
  if (identity.peersMade === true) return identity;
  for (const name of Object.keys(forgotten))
    if (!existsSync(join(folder, name))) writeDurably(folder, name, '{}\n');
  return { ...identity, peersMade: true };
}
