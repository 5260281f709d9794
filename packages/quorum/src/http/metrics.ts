/** What a lease node counts, in the text format of Prometheus. */

export const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

export class CountedRequests {
  /** By route and status: both are few, whatever is asked for. */
  readonly #counts = new Map<string, number>();

  answered(route: string, status: number): void {
    const labels = `route="${route.replaceAll(/:([a-z]+)/g, '{$1}')}",status="${String(status)}"`;
    this.#counts.set(labels, (this.#counts.get(labels) ?? 0) + 1);
  }

  text(isVoting: boolean): string {
    const rows = [...this.#counts].map(
      ([labels, count]) => `holdfast_quorum_http_requests_total{${labels}} ${String(count)}`,
    );
    return [
      '# HELP holdfast_quorum_voting 1 while this lease node votes, 0 while it recovers.',
      '# TYPE holdfast_quorum_voting gauge',
      `holdfast_quorum_voting ${isVoting ? '1' : '0'}`,
      '# HELP holdfast_quorum_http_requests_total Requests of HTTP that were answered; those of streams are not among them.',
      '# TYPE holdfast_quorum_http_requests_total counter',
      ...rows,
      '# HELP holdfast_process_resident_memory_bytes Resident memory of this process.',
      '# TYPE holdfast_process_resident_memory_bytes gauge',
      `holdfast_process_resident_memory_bytes ${String(process.memoryUsage.rss())}`,
      '',
    ].join('\n');
  }
}
