/** A request that is not answered yet, as its connection keeps it. */
import type { HoldfastError } from '@holdfast/protocol';
import type { CallOfSession } from './calls-of-sessions.ts';
import type { OutgoingRequest } from './outgoing.ts';
import { isOfHolders, isRepeatable } from './request.ts';
import type { AskedOperation } from './request.ts';
import type { ClientSpan } from './tracing.ts';

/** What is known of it when it is asked for. */
interface PendingFacts {
  readonly id: number;
  readonly operation: AskedOperation;
  readonly body: unknown;
  readonly text: string;
  readonly span: ClientSpan | undefined;
  readonly askedAtMs: number;
  readonly timeoutMs: number;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: HoldfastError) => void;
}

export interface Pending extends CallOfSession<Pending>, OutgoingRequest, PendingFacts {
  readonly repeatable: boolean;
  /** Takes it off its signal. */
  cleanUp: (() => void) | undefined;
  /** A copy that was sent is not answered, or its answer left open what became of it (CONNECTION-5). */
  uncertain: boolean;
  readonly deadlineMs: number;
  /** What the node said that refused it last, for now. */
  refusal: string | undefined;
}

export const pendingOf = ({
  id,
  operation,
  body,
  text,
  span,
  askedAtMs,
  timeoutMs,
  resolve,
  reject,
}: PendingFacts): Pending => ({
  id,
  operation,
  body,
  text,
  isOfHolders: isOfHolders(operation),
  span,
  askedAtMs,
  timeoutMs,
  deadlineMs: askedAtMs + timeoutMs,
  repeatable: isRepeatable(operation, body),
  resolve,
  reject,
  cleanUp: undefined,
  sent: false,
  attempts: 0,
  uncertain: false,
  refusal: undefined,
  session: undefined,
  before: undefined,
  after: undefined,
});
