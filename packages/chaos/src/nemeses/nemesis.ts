/** Something that goes wrong, and how it is mended. */
import type { ClientProcess } from '../clients/client-process.ts';
import type { ChaosCluster } from '../cluster/cluster.ts';
import type { NodeProcess } from '../cluster/node-process.ts';
import type { ProxyLinks } from '../cluster/proxy.ts';
import type { WallClocks } from '../cluster/wall-clocks.ts';
import type { Randomness } from '../randomness.ts';

/** Nodes of whatever kind. */
export interface Nodes {
  readonly nodes: readonly NodeProcess[];
  readonly links: ProxyLinks;
  readonly clocks: WallClocks;
}

export interface NemesisStage<Cluster extends Nodes = ChaosCluster> {
  readonly cluster: Cluster;
  readonly clients: readonly ClientProcess[];
  readonly randomness: Randomness;
}

export interface Struck {
  /** Whom it hit, for the report. */
  readonly target: string;
  /** Nodes that ought to serve while it lasts; all others are excused. */
  readonly heal: () => Promise<void>;
}

export interface Nemesis<Cluster extends Nodes = ChaosCluster> {
  readonly name: string;
  /** Why it cannot be had here; undefined: it can. */
  readonly missing?: string;
  /** How long it lasts, in ms. */
  readonly lasts: readonly [minMs: number, maxMs: number];
  readonly strike: (stage: NemesisStage<Cluster>) => Promise<Struck>;
}

export const anyNode = ({ cluster, randomness }: NemesisStage<Nodes>): NodeProcess =>
  randomness.pick(cluster.nodes);
