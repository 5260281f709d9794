/** Those who listen to this node: to the status of the cluster, to events, and to gaps in them. */
import type { Event } from '@holdfast/state';
import type { ClusterStatus, EventListener } from './types.ts';

export class Listeners {
  readonly #status: () => ClusterStatus;
  readonly #statusListeners = new Set<(status: ClusterStatus) => void>();
  readonly #eventListeners = new Set<EventListener>();
  readonly #gapListeners = new Set<(revision: number) => void>();
  #toldLevel = 0;

  /** @param status As it is now. */
  constructor(status: () => ClusterStatus) {
    this.#status = status;
  }

  onStatus(listener: (status: ClusterStatus) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  onEvents(listener: EventListener): () => void {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  onGap(listener: (revision: number) => void): () => void {
    this.#gapListeners.add(listener);
    return () => this.#gapListeners.delete(listener);
  }

  tellStatus(): void {
    if (this.#statusListeners.size === 0) return;
    const status = this.#status();
    for (const listener of this.#statusListeners) listener(status);
  }

  /** @param inForce The feature level: a change of it is one of the status. */
  tellLevel(inForce: number): void {
    if (inForce === this.#toldLevel) return;
    this.#toldLevel = inForce;
    this.tellStatus();
  }

  tellEvents(index: number, events: readonly Event[], wallMs: number | undefined): void {
    for (const listener of this.#eventListeners) listener(index, events, wallMs);
  }

  /** The events up to this revision are not told: a snapshot took their place. */
  tellGap(index: number): void {
    for (const listener of this.#gapListeners) listener(index);
  }
}
