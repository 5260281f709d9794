/**
 * The frames that are about the stream itself, as the contract declares them.
 *
 * OWN-FRAME-1: what such a frame asks is validated against its declaration, as the body of an operation is, before anything is
 *     done with it. Of a ping nothing is read: it is answered whatever its body is.
 * OWN-FRAME-2: no error shows what "hello" was asked with: it may be a key.
 */
import { jsonSchemaOf, streamFrames } from '@holdfast/contract';
import type { CancelWaitBody, HelloBody } from '@holdfast/protocol';
import type { Outcome } from '../operations/context.ts';
import { RequestError } from '../request-error.ts';
import { compileCheck } from '../validation/compile.ts';

/** OWN-FRAME-1. The types are made from the schemas that the bodies are checked against. */
function reader<Body extends object>(name: string): (body: unknown) => Outcome<Body> {
  const declared = streamFrames.find((frame) => frame.name === name);
  if (declared === undefined) throw new Error(`There is no frame ${name} in the contract.`);
  const check = compileCheck<Body>(jsonSchemaOf(declared.request));
  return (body) => (check.passes(body) ? body : check.requestError());
}

export const readCancel: (body: unknown) => Outcome<CancelWaitBody> = reader('cancel');
const readAnyHello = reader<HelloBody>('hello');

export function readHello(body: unknown): Outcome<HelloBody> {
  const asked = readAnyHello(body);
  if (!(asked instanceof RequestError)) return asked;
  // OWN-FRAME-2
  const text = '"hello" requires {"api_key": "hf_..."}, and nothing else.';
  return new RequestError('invalid_request', text, { field: 'api_key' });
}
