/**
 * The nodes under other names. The core treats its members alike, so that what one naming can reach, every
 * other can: of all states that differ in the names alone, one is enough.
 *
 * That the core does so is not taken for granted: the state of a node under other names is reached by giving the
 * shipped core the same inputs under those names (local-steps.ts), and has to look the same but for the names.
 */
import { decodeMembership, encodeMembership } from '@holdfast/raft';
import type { Entry, Membership, Message } from '@holdfast/raft';
import { aboutOf, idOf, isAboutNode, kindOf, nodeOf } from './inputs.ts';

export class Renamings {
  /** Where each node goes; the first leaves all as they are. */
  readonly all: readonly (readonly number[])[];
  readonly #inverse: readonly number[];
  readonly #composed: readonly (readonly number[])[];

  /** @param interchangeable Which nodes may take each other's place. */
  constructor(nodes: number, interchangeable: readonly number[]) {
    const fixed = Array.from({ length: nodes }, (_, node) => node);
    this.all = permutations(interchangeable).map((order) =>
      fixed.map((node) => {
        const place = interchangeable.indexOf(node);
        return place < 0 ? node : (order[place] ?? node);
      }),
    );
    const find = (wanted: readonly number[]): number =>
      this.all.findIndex((one) => one.every((to, node) => to === wanted[node]));
    this.#inverse = this.all.map((to) => find(fixed.map((node) => to.indexOf(node))));
    this.#composed = this.all.map((second) =>
      this.all.map((first) => find(fixed.map((node) => second[first[node] ?? 0] ?? 0))),
    );
  }

  get count(): number {
    return this.all.length;
  }

  to(renaming: number, node: number): number {
    return this.all[renaming]?.[node] ?? node;
  }

  inverse(renaming: number): number {
    return this.#inverse[renaming] ?? 0;
  }

  /** First `first`, then `second`. */
  composed(second: number, first: number): number {
    return this.#composed[second]?.[first] ?? 0;
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

function permutations(of: readonly number[]): readonly (readonly number[])[] {
  if (of.length <= 1) return [of];
  return of.flatMap((first) =>
    permutations(of.filter((one) => one !== first)).map((rest) => [first, ...rest]),
  );
}
