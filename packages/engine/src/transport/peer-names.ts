/** The forms of what names a peer. The configuration takes no others, so that whatever differs is no member's. */

/** As the setting `cluster.node_id`. */
const idPattern = /^[A-Za-z0-9._-]{1,64}$/;
/** As `randomUUID` makes them. */
const incarnationPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const isPeerId = (value: unknown): value is string =>
  typeof value === 'string' && idPattern.test(value);

export const isIncarnation = (value: unknown): value is string =>
  typeof value === 'string' && incarnationPattern.test(value);
