/** A node without peers. */
import type { RaftEngineOptions } from '../src/types.ts';
import { silentLog, stateLimits } from './cluster.ts';

export const oneNode = (folder: string): RaftEngineOptions => ({
  clusterId: 'test',
  nodeId: 'a',
  folder,
  peerListen: null,
  peerAdvertise: '127.0.0.1:1',
  initialMembers: [{ id: 'a', address: '127.0.0.1:1' }],
  join: false,
  clientUrl: 'http://a.test',
  heartbeatMs: 100,
  electionTimeoutMinMs: 300,
  electionTimeoutMaxMs: 600,
  stateLimits,
  snapshotLogBytes: 64 * 1024 * 1024,
  log: silentLog,
  onFatal: (error) => {
    throw error;
  },
});
