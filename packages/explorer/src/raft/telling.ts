/** Actions and states in words, under the names that the start gave the nodes. */
import { decodeMembership } from '@holdfast/raft';
import type { Membership, Message } from '@holdfast/raft';
import type { RaftConfiguration } from './bounds.ts';
import type { Happening } from './happenings.ts';
import { idOf, inputOf } from './inputs.ts';
import type { LocalSteps } from './local-steps.ts';
import type { Renamings } from './renaming.ts';

/** Of a model: what the numbers of its states and actions mean. */
interface Meanings {
  readonly configuration: RaftConfiguration;
  readonly steps: LocalSteps;
  readonly renamings: Renamings;
  /** The names to tell nodes by. */
  readonly naming: number;
}

export function tellAction(model: Meanings, state: Int32Array, action: number): string {
  const { steps, renamings, naming } = model;
  const code = Math.floor(action / 8);
  const node = (action >>> 1) & 3;
  const stays = (action & 1) === 1;
  const name = idOf(renamings.to(naming, node));
  const input = inputOf(steps.renamedCode(naming, code), (number) => steps.messages.value(number));
  const transition = steps.step(state[node] ?? 0, code);
  const sent = Array.from({ length: steps.sentCount(transition) }, (_, place) => {
    const to = idOf(renamings.to(naming, steps.sentTo(transition, place)));
    const message = steps.messages.value(
      steps.renamedMessage(naming, steps.sentMessage(transition, place)),
    );
    return `sends ${to} ${tellMessage(message)}`;
  });
  const told = steps.happenings.value(steps.told(transition)).map(tellHappening);
  const effects = [...told, ...sent];
  return `${name} ${tellInput(input)}${stays ? ' (and it stays under way)' : ''}${effects.map((effect) => `\n       ${effect}`).join('')}`;
}

function tellInput(input: ReturnType<typeof inputOf>): string {
  switch (input.type) {
    case 'deliver':
      return `hears from ${input.from}: ${tellMessage(input.message)}`;
    case 'tick':
      return 'ticks';
    case 'persist':
      return 'has its oldest write on disk';
    case 'crash':
      return 'crashes and starts anew';
    case 'verified':
      return input.isGood ? 'has verified the snapshot' : 'finds the snapshot damaged';
    case 'propose':
      return `is given command ${String(input.command)}`;
    case 'change':
      return `is asked to ${input.change.type.replace('_', ' ')} ${input.change.id}`;
    case 'snapshot':
      return 'makes a snapshot';
    case 'read':
      return `is asked for read ${String(input.readId)}`;
    case 'transfer':
      return `is asked to hand over to ${input.to}`;
    case 'step_down':
      return 'steps down';
  }
}

export function tellMessage(message: Message): string {
  const { type, term } = message;
  const words = `${type} in term ${String(term)}`;
  switch (message.type) {
    case 'pre_vote':
    case 'vote':
      return `${words}, log ends at ${String(message.lastIndex)} of term ${String(message.lastTerm)}`;
    case 'pre_vote_answer':
    case 'vote_answer':
      return `${words}: ${message.granted ? 'yes' : 'no'}`;
    case 'append': {
      const entries = message.entries.map(
        ({ index, term, kind, data }) =>
          `${String(index)} of term ${String(term)} ${kind === 'membership' ? tellMembership(decodeMembership(data)) : `${kind} ${data.join()}`.trim()}`,
      );
      return `${words} after ${String(message.previousIndex)} of term ${String(message.previousTerm)}, commit ${String(message.commit)}, probe ${String(message.probe)} [${entries.join('; ')}]`;
    }
    case 'append_answer':
      return message.accepted
        ? `${words}: has ${String(message.matchIndex)}, probe ${String(message.probe)}`
        : `${words}: refuses ${String(message.rejectedIndex)}, go on at ${String(message.conflictIndex)}`;
    case 'snapshot_chunk':
      return `${words}: bytes ${String(message.offset)} to ${String(message.offset + message.byteLength)} of ${message.meta.hash}`;
    case 'snapshot_answer':
      return `${words}: ${message.installed ? 'installed' : `has ${String(message.nextOffset)} bytes of`} ${message.hash}`;
    case 'timeout_now':
      return words;
  }
}

const tellMembership = ({ members }: Membership): string =>
  members.map(({ id, role }) => (role === 'voter' ? id : `${id} (learner)`)).join(' ');

function tellHappening(happening: Happening): string {
  switch (happening.type) {
    case 'started':
      return 'starts from its disk';
    case 'restored':
      return `restores the snapshot of ${String(happening.snapshot.index)}`;
    case 'leads':
      return `leads term ${String(happening.term)}`;
    case 'applied':
      return `applies ${String(happening.index)} of term ${String(happening.term)}`;
    case 'asked':
      return `takes read ${String(happening.readId)}`;
    case 'proven':
      return `proves read ${String(happening.readId)} at ${String(happening.index)}`;
    case 'failed':
      return `fails read ${String(happening.readId)}`;
  }
}

/** One line for each node. */
export function tellState(model: Meanings, state: Int32Array): readonly string[] {
  const { steps, renamings, naming, configuration } = model;
  const lines: string[] = [];
  for (let node = 0; node < configuration.nodes; node++) {
    const local = state[node] ?? 0;
    const { baseIndex, entries } = steps.facts.logs.value(steps.facts.log.at(local));
    const log = entries.map(
      ({ term, text }, place) =>
        `${String(baseIndex + place + 1)} of term ${String(term)} ${text.split(' ')[0] ?? ''}`,
    );
    const role = steps.facts.leads.at(local) === 1 ? 'leads' : 'follows';
    lines.push(
      `     ${idOf(renamings.to(naming, node))}: ${role}, durable term ${String(steps.facts.durableTerms.at(local))}, log after ${String(baseIndex)} [${log.join('; ')}]`,
    );
  }
  return lines.sort();
}
