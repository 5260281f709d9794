/**
 * The nodes under other names. The core treats its members alike, so that what one naming can reach, every
 * other can: of all states that differ in the names alone, one is enough.
 *
 * That the core does so is not taken for granted: the state of a node under other names is reached by giving the
 * shipped core the same inputs under those names (local-steps.ts), and has to look the same but for the names.
 */
import { decodeMembership, encodeMembership } from '@holdfast/raft';
import type { Entry, Membership, Message } from '@holdfast/raft';
import { NamingGroup } from '../search/naming-group.ts';
import { aboutOf, idOf, isAboutNode, kindOf, nodeOf } from './inputs.ts';

export class Renamings extends NamingGroup {
  /** @param interchangeable Which nodes may take each other's place. */
  constructor(nodes: number, interchangeable: readonly number[]) {
    super(nodes, [interchangeable]);
  }

  code(renaming: number, code: number, message: (number: number) => number): number {
    if (!isAboutNode(code)) return code;
    const about = aboutOf(code);
    const node = this.to(renaming, about % 4);
    const rest = about >>> 2;
    const renamed = kindOf(code) === 0 ? message(rest) : rest;
    return (renamed * 4 + node) * 16 + kindOf(code);
  }

  membership(renaming: number, { members }: Membership): Membership {
    const renamed = members.map((member) => {
      const id = idOf(this.to(renaming, nodeOf(member.id)));
      return { id, address: id, role: member.role };
    });
    return { members: renamed.toSorted((a, b) => (a.id < b.id ? -1 : 1)) };
  }

  message(renaming: number, message: Message): Message {
    if (message.type === 'append') {
      const entries = message.entries.map((entry) => this.#entry(renaming, entry));
      return { ...message, entries };
    }
    if (message.type !== 'snapshot_chunk') return message;
    const { meta } = message;
    const membership = this.membership(renaming, meta.membership);
    return { ...message, meta: { ...meta, membership } };
  }

  /** Of a membership entry, as a chronicle has it. */
  membershipText(renaming: number, text: string): string {
    const [kind, data = ''] = text.split(' ');
    const membership = decodeMembership(Uint8Array.from(data.split(','), Number));
    return `${kind} ${encodeMembership(this.membership(renaming, membership)).join()}`;
  }

  #entry(renaming: number, entry: Entry): Entry {
    if (entry.kind !== 'membership') return entry;
    const membership = this.membership(renaming, decodeMembership(entry.data));
    return { ...entry, data: encodeMembership(membership) };
  }
}
