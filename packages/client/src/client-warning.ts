/** What goes on without something, and somebody should know. */

interface Warning {
  /** The member, or who says to be one. */
  readonly nodeId: string;
  /** As it was told, or asked. */
  readonly address: string;
  /** In words. */
  readonly message: string;
}

/** A member's address, as a node told it, is none; that member is not asked. */
export interface AddressRefused extends Warning {
  /** Tells the kinds of warnings apart. */
  readonly kind: 'address_refused';
}

/** A node of another cluster than the client's answers there; it is not asked. */
export interface OtherCluster extends Warning {
  /** Tells the kinds of warnings apart. */
  readonly kind: 'other_cluster';
  /** The client's: of the first node that it met. */
  readonly clusterId: string;
  /** The one of the node that answers there. */
  readonly otherClusterId: string;
}

/** What a client goes on without, and somebody should know. */
export type ClientWarning = AddressRefused | OtherCluster;
