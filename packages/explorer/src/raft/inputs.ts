/**
 * What can happen to one node, as an object for the core and as a number for the search: the kind in the
 * lowest four bits, what it is about above them. Nodes are numbers here, from 0 on.
 */
import type { MemberId, MembershipChange, Message } from '@holdfast/raft';

export type Input =
  | { readonly type: 'deliver'; readonly from: MemberId; readonly message: Message }
  | { readonly type: 'tick' }
  /** The oldest write becomes durable. */
  | { readonly type: 'persist' }
  /** Loses all that is not durable, and starts anew. A node that stays down is one that nothing happens to. */
  | { readonly type: 'crash' }
  | { readonly type: 'verified'; readonly isGood: boolean }
  | { readonly type: 'propose'; readonly command: number }
  | { readonly type: 'change'; readonly change: MembershipChange }
  | { readonly type: 'snapshot' }
  | { readonly type: 'read'; readonly readId: number }
  | { readonly type: 'transfer'; readonly to: MemberId }
  | { readonly type: 'step_down' };

export const kinds = {
  deliver: 0,
  tick: 1,
  persist: 2,
  crash: 3,
  verified: 4,
  propose: 5,
  change: 6,
  snapshot: 7,
  read: 8,
  transfer: 9,
  step_down: 10,
} as const;

const changeTypes = ['remove', 'add_learner', 'promote'] as const;
export type ChangeType = (typeof changeTypes)[number];

export const idOf = (node: number): MemberId => String.fromCharCode(65 + node) as MemberId;
export const nodeOf = (id: string): number => id.charCodeAt(0) - 65;

export const codeOf = (kind: keyof typeof kinds, about: number = 0): number =>
  about * 16 + kinds[kind];
export const kindOf = (code: number): number => code & 15;
export const aboutOf = (code: number): number => code >>> 4;

export const codeOfDelivery = (message: number, from: number): number =>
  codeOf('deliver', message * 4 + from);
export const codeOfChange = (type: ChangeType, node: number): number =>
  codeOf('change', changeTypes.indexOf(type) * 4 + node);

/** The node that a code names, beside the one it happens to; undefined: none. */
export function isAboutNode(code: number): boolean {
  const kind = kindOf(code);
  return kind === kinds.deliver || kind === kinds.change || kind === kinds.transfer;
}

/** @param messageOf The message under a number. */
export function inputOf(code: number, messageOf: (number: number) => Message): Input {
  const about = aboutOf(code);
  const id = idOf(about % 4);
  const rest = about >>> 2;
  switch (kindOf(code)) {
    case kinds.deliver:
      return { type: 'deliver', from: id, message: messageOf(rest) };
    case kinds.tick:
      return { type: 'tick' };
    case kinds.persist:
      return { type: 'persist' };
    case kinds.crash:
      return { type: 'crash' };
    case kinds.verified:
      return { type: 'verified', isGood: about === 1 };
    case kinds.propose:
      return { type: 'propose', command: about };
    case kinds.change:
      return { type: 'change', change: changeOf(changeTypes[rest], id) };
    case kinds.snapshot:
      return { type: 'snapshot' };
    case kinds.read:
      return { type: 'read', readId: about };
    case kinds.transfer:
      return { type: 'transfer', to: id };
    case kinds.step_down:
      return { type: 'step_down' };
    default:
      throw new Error(`There is no input ${String(code)}.`);
  }
}

function changeOf(type: ChangeType | undefined, id: MemberId): MembershipChange {
  if (type === undefined) throw new Error('There is no such change.');
  return type === 'add_learner' ? { type, id, address: id } : { type, id };
}
