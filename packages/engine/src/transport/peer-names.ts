/** The forms of what names a peer. The configuration takes no others, so that whatever differs is no member's. */

/** As the setting `cluster.node_id`. */
const idPattern = /^[A-Za-z0-9._-]{1,64}$/;
/** As `randomUUID` makes them. */
const incarnationPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const addressPattern = /^([^\s]{1,300}):(\d{1,5})$/;
const largestPort = 65_535;

export const isPeerId = (value: unknown): value is string =>
  typeof value === 'string' && idPattern.test(value);

export const isIncarnation = (value: unknown): value is string =>
  typeof value === 'string' && incarnationPattern.test(value);

/** `host:port` taken apart; undefined where no connection can be tried to it. */
export function peerAddress(
  address: string,
): { readonly host: string; readonly port: number } | undefined {
  const parts = addressPattern.exec(address);
  if (parts === null || Number(parts[2]) > largestPort) return undefined;
  return { host: parts[1] ?? '', port: Number(parts[2]) };
}
