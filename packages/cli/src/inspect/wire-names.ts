/** Names of fields as the interfaces of a node write them, so that programs read one way of writing. */

/** What users gave is left as it is. */
const ofUsers: ReadonlySet<string> = new Set(['metadata', 'value']);

/** `fenceToken` becomes `fence_token`, at every depth; fields that are undefined are left out. */
export function wireNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(wireNames);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, part]: [string, unknown]) =>
      part === undefined ? [] : [[wireName(name), ofUsers.has(name) ? part : wireNames(part)]],
    ),
  );
}

export const wireRecord = (value: object): object => wireNames(value) as object;

const wireName = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
