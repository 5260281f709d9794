/**
 * The standard health service: SERVING while this node can have requests answered.
 *
 * https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
import type { Server } from '@grpc/grpc-js';
import type { Engine } from '@holdfast/engine';
import { HealthImplementation } from 'grpc-health-check';

export interface Health {
  /** The node stops: NOT_SERVING from now on. */
  stop(): void;
}

/** @param services Their names; the empty name, that of the node as a whole, is told as well. */
export function serveHealth(server: Server, engine: Engine, services: readonly string[]): Health {
  const health = new HealthImplementation();
  let told: boolean | undefined;
  const tell = (ready: boolean): void => {
    if (ready === told) return;
    told = ready;
    for (const service of ['', ...services])
      health.setStatus(service, ready ? 'SERVING' : 'NOT_SERVING');
  };
  tell(engine.status().ready);
  const unsubscribe = engine.onStatus(({ ready }) => tell(ready));
  health.addToServer(server);
  return {
    stop() {
      unsubscribe();
      tell(false);
    },
  };
}
