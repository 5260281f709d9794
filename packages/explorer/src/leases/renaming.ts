/**
 * Lease nodes and clients under other names: what stands in their states and messages, renamed. That shipped code treats
 * them alike is not taken for granted: see symmetry.ts.
 */
import { NamingGroup } from '../search/naming-group.ts';
import type { ClientState, VoterReply } from './client-run.ts';
import { inputs } from './inputs.ts';
import type { LeaseFile } from './lease-node-run.ts';
import { nodeCount, processCount } from './messages.ts';
import type { LeaseMessage } from './messages.ts';
import { fileId, nodeOfFile, renamedMoment, renamedMoments, whichOfFile } from './moments.ts';

export class LeaseRenamings extends NamingGroup {
  readonly #moments: readonly Map<number, number>[];

  /** @param blocks Of processes that may take each other's place: nodes, or clients. */
  constructor(blocks: readonly (readonly number[])[]) {
    super(processCount, blocks);
    this.#moments = this.all.map(() => new Map<number, number>());
  }

  /** @param messageUnder The number of a message under this renaming. */
  code(renaming: number, code: number, messageUnder: (number: number) => number): number {
    const kind = code & 15;
    const about = code >>> 4;
    if (kind === inputs.deliver) return messageUnder(about) * 16 + kind;
    if (kind === inputs.silent) return this.to(renaming, about) * 16 + kind;
    return code;
  }

  message(renaming: number, message: LeaseMessage): LeaseMessage {
    const [to, from] = [this.to(renaming, message.to), this.to(renaming, message.from)];
    switch (message.type) {
      case 'acquire':
      case 'confirm':
      case 'release':
      case 'voted':
      case 'confirmed':
        return { ...message, to, from, lease: this.#lease(renaming, message.lease) };
      case 'ask':
        return { ...message, to, from, round: this.#round(renaming, message.round) };
      case 'said': {
        const { said } = message;
        const file = this.#fileId(renaming, said.file_id);
        const set = this.#files(renaming, said.bootstrap_set);
        const round = this.#round(renaming, message.round);
        return {
          ...message,
          to,
          from,
          round,
          said: { ...said, file_id: file, bootstrap_set: set },
        };
      }
      case 'begin':
        return { ...message, to, from, bootstrapSet: this.#files(renaming, message.bootstrapSet) };
    }
  }

  file(renaming: number, file: LeaseFile): LeaseFile {
    const { row } = file;
    const lease = row?.lease;
    const under =
      lease === undefined
        ? undefined
        : {
            ...lease,
            id: this.#lease(renaming, lease.id),
            clientId: String(this.to(renaming, Number(lease.clientId))),
          };
    return {
      ...file,
      id: this.#fileId(renaming, file.id),
      bootstrapSet: this.#files(renaming, file.bootstrapSet),
      row: row === undefined ? undefined : { ...row, lease: under },
      tombstones: file.tombstones.map((id) => this.#lease(renaming, id)).toSorted(),
    };
  }

  client(renaming: number, state: ClientState): ClientState {
    const client = this.#client(renaming, state.client);
    if (state.type !== 'asking') return { ...state, client };
    const heard = state.heard.map((reply): VoterReply => ({
      ...reply,
      voter: this.to(renaming, reply.voter),
    }));
    const pending = state.pending.map((voter) => this.to(renaming, voter));
    return { ...state, client, heard, pending: pending.toSorted((one, other) => one - other) };
  }

  moment(renaming: number, moment: number): number {
    return renamedMoment(moment, (node) => this.to(renaming, node));
  }

  moments(renaming: number, bits: number): number {
    const known = this.#moments[renaming];
    const renamed = known?.get(bits) ?? renamedMoments(bits, (node) => this.to(renaming, node));
    known?.set(bits, renamed);
    return renamed;
  }

  #client(renaming: number, client: number): number {
    return this.to(renaming, nodeCount + client) - nodeCount;
  }

  /** As `leaseOf` makes it. */
  #lease(renaming: number, lease: string): string {
    const [client = '', attempts = ''] = lease.split('.');
    return `${String(this.#client(renaming, Number(client) - 1) + 1)}.${attempts}`;
  }

  /** Of the file whose node asks. */
  #round(renaming: number, round: string): string {
    const [file = '', ...rest] = round.split('.');
    return [this.#fileId(renaming, Number(file)), ...rest].join('.');
  }

  #fileId(renaming: number, id: number): number {
    return fileId(this.to(renaming, nodeOfFile(id)), whichOfFile(id));
  }

  /** In order, as the shipped code keeps them. */
  #files(renaming: number, ids: readonly number[]): readonly number[] {
    return ids.map((id) => this.#fileId(renaming, id)).toSorted((one, other) => one - other);
  }
}
