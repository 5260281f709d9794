/** What a lease node counts, in the text format of Prometheus. */
import type { HoldfastError } from '@holdfast/protocol';

export const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

export class CountedRequests {
  /** By method, route and status: all are few, whatever is asked for. Node itself refuses a method that it does not know. */
  readonly #counts = new Map<string, number>();
  /** By the name of the limit: those that a node has. */
  readonly #refusals = new Map<string, number>();

  /** @param route As it is declared; `unknown` where there is none, with whatever method. */
  answered(method: string, route: string, status: number): void {
    const labels = `method="${method}",route="${route.replaceAll(/:([a-z]+)/g, '{$1}')}",status="${String(status)}"`;
    this.#counts.set(labels, (this.#counts.get(labels) ?? 0) + 1);
  }

  /** What a request ended with. */
  ended(error: HoldfastError): void {
    const { limit } = error.details;
    if (error.code !== 'limit_exceeded' || typeof limit !== 'string') return;
    this.#refusals.set(limit, (this.#refusals.get(limit) ?? 0) + 1);
  }

  text(isVoting: boolean): string {
    const rows = [...this.#counts].map(
      ([labels, count]) => `holdfast_quorum_http_requests_total{${labels}} ${String(count)}`,
    );
    const refusals = [...this.#refusals].map(
      ([limit, count]) => `holdfast_quorum_limit_refusals_total{limit="${limit}"} ${String(count)}`,
    );
    return [
      '# HELP holdfast_quorum_voting 1 while this lease node votes, 0 while it recovers.',
      '# TYPE holdfast_quorum_voting gauge',
      `holdfast_quorum_voting ${isVoting ? '1' : '0'}`,
      '# HELP holdfast_quorum_http_requests_total Requests of HTTP that were answered; those of streams are not among them.',
      '# TYPE holdfast_quorum_http_requests_total counter',
      ...rows,
      '# HELP holdfast_quorum_limit_refusals_total Requests of HTTP and of streams that were refused with limit_exceeded, by the limit.',
      '# TYPE holdfast_quorum_limit_refusals_total counter',
      ...refusals,
      '# HELP holdfast_process_resident_memory_bytes Resident memory of this process.',
      '# TYPE holdfast_process_resident_memory_bytes gauge',
      `holdfast_process_resident_memory_bytes ${String(process.memoryUsage.rss())}`,
      '',
    ].join('\n');
  }
}
