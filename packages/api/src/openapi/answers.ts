/** The schemas of answers, as the document tells them to programs. */

type Json = Readonly<Record<string, unknown>>;

/**
 * Without that nothing else may be in it: a later release tells more, and a program that was made from the document of an earlier
 * one has to take that. This project's own tests hold answers against the strict schemas.
 */
export const growing = (schema: Json): Json =>
  Object.fromEntries(
    Object.entries(schema)
      .filter(([key, part]) => key !== 'additionalProperties' || part !== false)
      .map(([key, part]) => [key, growingPart(key, part)]),
  );

function growingPart(key: string, part: unknown): unknown {
  if (Array.isArray(part)) return key === 'anyOf' ? part.map(growingIn) : part;
  if (key === 'items') return growingIn(part);
  if (key !== 'properties' || typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(Object.entries(part).map(([name, one]) => [name, growingIn(one)]));
}

const growingIn = (schema: unknown): unknown =>
  typeof schema === 'object' && schema !== null ? growing({ ...schema }) : schema;
