/**
 * Elections: one leads, the others queue, and the leader tells a value.
 *
 * O1: at most one session leads, and its fence token, larger than any before, is its epoch.
 * O2: a leader that campaigns again is told that it leads, under the same token.
 * O3: only the leader of that very token proclaims a value or resigns.
 */
import { endHold } from '../holds/grants.ts';
import { tooMuchMetadata } from '../../kernel/at-capacity.ts';
import { onceOnly } from '../../kernel/once.ts';
import type { Hold } from '../holds/pool.ts';
import { notLeading } from '../../kernel/refusals.ts';
import { settle } from '../holds/settle.ts';
import type { Tables } from '../../kernel/tables.ts';
import { take } from '../holds/take.ts';
import type { Command } from '../../kernel/commands.ts';
import type { FenceToken } from '../../kernel/names.ts';
import type { CommandResult, Refusal } from '../../kernel/outcomes.ts';

export function campaign(
  tables: Tables,
  command: Extract<Command, { type: 'campaign' }>,
  answeredBelow: number | undefined,
): CommandResult {
  return take(tables, { ...command, kind: 'election', permits: 1 }, answeredBelow);
}

export function resign(
  tables: Tables,
  command: Extract<Command, { type: 'resign' }>,
  answeredBelow: number | undefined,
): CommandResult {
  const { name, fenceToken } = command;
  return onceOnly(tables, command, String(fenceToken), answeredBelow, (session) => {
    const hold = session.leads.get(name);
    const refusal = wrongLeader(tables, hold, command);
    if (hold === undefined || refusal !== undefined) return refusal ?? notLeading(name);
    const { fenceToken: token } = hold;
    endHold(tables, hold, 'released');
    settle(tables, [hold.pool]);
    return { ok: true, type: 'released', fenceToken: token, remainingHoldCount: 0 };
  });
}

export function proclaim(
  tables: Tables,
  command: Extract<Command, { type: 'proclaim' }>,
  answeredBelow: number | undefined,
): CommandResult {
  const { name, fenceToken, value } = command;
  const asked = `${String(fenceToken)} ${JSON.stringify(value)}`;
  return onceOnly(tables, command, asked, answeredBelow, (session) => {
    const hold = session.leads.get(name);
    const refusal = wrongLeader(tables, hold, command);
    if (hold === undefined || refusal !== undefined) return refusal ?? notLeading(name);
    const tooMuch = tooMuchMetadata(tables, session, { value }, hold.metadata);
    if (tooMuch !== undefined) return tooMuch;
    tables.changingPool(hold.pool);
    session.setMetadata(hold, value);
    const { id: sessionId, clientId } = session;
    tables.events.push({ type: 'proclaimed', name, sessionId, clientId, fenceToken, value });
    return { ok: true, type: 'proclaimed', fenceToken, revision: tables.index };
  });
}

/** O3. */
function wrongLeader(
  tables: Tables,
  hold: Hold | undefined,
  { name, fenceToken }: { readonly name: Hold['pool']['name']; readonly fenceToken?: FenceToken },
): Refusal | undefined {
  if (hold !== undefined && (fenceToken === undefined || hold.fenceToken === fenceToken))
    return undefined;
  const ended = tables.endedHoldOf('election', name, fenceToken);
  return notLeading(name, ended, tables.elections.get(name));
}
