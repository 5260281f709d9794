/** Reads a JSON body. No body at all is a body without fields: `curl -X POST` sends none. */
import { HoldfastError } from '@holdfast/protocol';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws HoldfastError `invalid_json`. */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return {};
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (error) {
    throw new HoldfastError(
      'invalid_json',
      'The body is not UTF-8. Send JSON in UTF-8.',
      {},
      { cause: error },
    );
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new HoldfastError(
      'invalid_json',
      `The body is not JSON: ${reason}. Correct it, and send it again.`,
      {},
      { cause: error },
    );
  }
}
