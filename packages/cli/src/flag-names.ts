/** What the wire calls a field, a command line calls an option: a refusal of a node is told by the option's name. */
const optionOf: Readonly<Record<string, string>> = {
  ttl_seconds: '--ttl',
  timeout: '--timeout',
  wait_seconds: '--wait',
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

/** The text with each field in quotes replaced by its option. */
export function inOptions(message: string): string {
  return message.replaceAll(/"([a-z_]+)"/g, (quoted, field: string) => optionOf[field] ?? quoted);
}
