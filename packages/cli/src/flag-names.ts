/** What the wire calls a field, a command line calls an option: a refusal of a node is told by the option's name. */
const optionOf: Readonly<Record<string, string>> = {
  ttl_seconds: '--ttl',
  timeout: '--timeout',
  wait_seconds: '--wait',
  visibility_seconds: '--visibility',
  delay_seconds: '--delay',
  dedup_id: '--dedup-id',
  max_deliveries: '--max-deliveries',
  on_dead: '--on-dead',
  if_version: '--if-version',
  max_hold_seconds: '--max-hold',
  lock_delay_seconds: '--lock-delay',
  client_id: '--client-id',
  session_id: '--session',
  fence_token: '--fence-token',
  permits: '--permits',
  limit: '--limit',
  priority: '--priority',
  metadata: '--metadata',
  prefix: '--prefix',
  after: '--after',
  kind: '--kind',
  reason: '--reason',
  name: 'NAME',
  node_id: 'NODE-ID',
  address: 'ADDRESS',
  parties: '--parties',
  count: 'COUNT',
  value: 'VALUE',
};

/** Where a group of commands has an option for what others take as a word. */
const optionOfGroup: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  queue: { count: '--count' },
};

/**
 * The text with each field in quotes replaced by its option.
 *
 * @param group The group of commands that was used.
 */
export function inOptions(message: string, group: string): string {
  const options = new Map(Object.entries({ ...optionOf, ...optionOfGroup[group] }));
  return message.replaceAll(
    /"([a-z_]+)"/g,
    (quoted, field: string) => options.get(field) ?? quoted,
  );
}
