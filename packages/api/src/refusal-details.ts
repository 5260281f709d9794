/** Parts of what a refusal says, made of its details, which may be of another release: whatever they are, nothing throws. */

export type Details = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Details => typeof value === 'object' && value !== null;

export function textIn(details: Details, field: string): string | undefined {
  const value = details[field];
  return typeof value === 'string' ? value : undefined;
}

export function numberIn(details: Details, field: string): number | undefined {
  const value = details[field];
  return typeof value === 'number' ? value : undefined;
}

/** A text about the one thing that is named in this field. */
export const lookText =
  (field: string, say: (name: string) => string): ((details: Details) => string | undefined) =>
  (details) => {
    const name = textIn(details, field);
    return name === undefined ? undefined : say(name);
  };

/** The first of them, and how many more are listed. Undefined: nobody, or nobody that may be told. */
export function holdersText(holders: unknown): string | undefined {
  if (!Array.isArray(holders)) return undefined;
  const [first, ...others]: readonly unknown[] = holders;
  if (!isRecord(first)) return undefined;
  const clientId = textIn(first, 'client_id');
  const token = numberIn(first, 'fence_token');
  const who = clientId === undefined ? 'another client' : `client "${clientId}"`;
  const which = token === undefined ? '' : ` with fence token ${String(token)}`;
  return `${who}${which}${others.length === 0 ? '' : ' and others'}`;
}

const howEnded: Readonly<Record<string, string>> = {
  expired: 'its session expired.',
  forced: 'it was released by force.',
  max_hold: 'its max-hold time was over.',
};

/** How others ended the hold that was asked for; empty where nobody did. */
export function endText(details: Details): string {
  const how = howEnded[textIn(details, 'end_reason') ?? ''];
  return how === undefined ? '' : ` The earlier hold ended because ${how}`;
}

/** The cycle as `a → b → a`, with how many members it has beyond those that are listed. */
export function cycleText(members: unknown, memberCount: number | undefined): string | undefined {
  if (!Array.isArray(members)) return undefined;
  const names = members.map((member: unknown) =>
    isRecord(member) ? String(member['client_id']) : '?',
  );
  const [first] = names;
  if (first === undefined) return undefined;
  const more = (memberCount ?? 0) - names.length;
  const unlisted = more > 0 ? [`… (${String(more)} more)`] : [];
  return [...names, ...unlisted, first].join(' → ');
}
