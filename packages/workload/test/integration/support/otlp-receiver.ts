/** A receiver of OTLP over HTTP as JSON on this machine, which keeps the spans that come. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty of the first of a trace. */
  readonly parentSpanId: string;
  readonly name: string;
  /** 1: internal, 2: server, 3: client. */
  readonly kind: number;
  readonly attributes: Readonly<Record<string, string>>;
  /** `service.name` and `service.instance.id`. */
  readonly service: string;
  readonly node: string;
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

interface Exported {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<ReceivedSpan, 'attributes' | 'parentSpanId'> & {
        readonly parentSpanId?: string;
        readonly attributes: readonly Attribute[];
      })[];
    }[];
  }[];
}

const textsOf = (attributes: readonly Attribute[]): Readonly<Record<string, string>> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? '']));

const patienceMs = 10_000;

export class OtlpReceiver implements AsyncDisposable {
  readonly spans: ReceivedSpan[] = [];
  /** All that came, as it came. */
  text = '';
  #tell: (() => void) | undefined;
  readonly #server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      this.#take(Buffer.concat(parts).toString('utf8'));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });

  static async start(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  #take(text: string): void {
    this.text += text;
    for (const { resource, scopeSpans } of (JSON.parse(text) as Exported).resourceSpans) {
      const told = textsOf(resource.attributes);
      const [service, node] = [told['service.name'] ?? '', told['service.instance.id'] ?? ''];
      for (const { spans } of scopeSpans)
        for (const span of spans)
          this.spans.push({
            ...span,
            parentSpanId: span.parentSpanId ?? '',
            attributes: textsOf(span.attributes),
            service,
            node,
          });
    }
    this.#tell?.();
  }

  /** Resolves when all of these have come, with them in order. @throws Error after 10 s, with what has come of it. */
  async trace(traceId: string, names: readonly string[]): Promise<readonly ReceivedSpan[]> {
    const deadline = AbortSignal.timeout(patienceMs);
    for (;;) {
      const own = this.spans.filter((span) => span.traceId === traceId);
      const left = [...own];
      const found = names.map((name) => {
        const position = left.findIndex((span) => span.name === name);
        return position < 0 ? undefined : left.splice(position, 1)[0];
      });
      const all = found.filter((span) => span !== undefined);
      if (all.length === names.length) return all;
      if (deadline.aborted) throw new Error(`Of the trace have come: ${JSON.stringify(own)}.`);
      await this.more(deadline);
    }
  }

  /** Resolves when more has come, or at the deadline. */
  more(deadline: AbortSignal = AbortSignal.timeout(patienceMs)): Promise<void> {
    return new Promise((resolve) => {
      this.#tell = resolve;
      deadline.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
