/**
 * `waiting`: in its lane, to be delivered in its turn. `in_flight`: delivered. `delayed`: waits for its delay or for a
 * retry. `dead`: a dead letter.
 */
export type MessageState = 'waiting' | 'in_flight' | 'delayed' | 'dead';
