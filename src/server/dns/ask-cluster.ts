/** Real clients as one client of an emulated cluster, whose time runs as fast as theirs. */
import { type DnsServerAddress, NoSuchTargetError } from '../../emulator/index.ts';
import type { EmulatedCluster } from '../../scenario/index.ts';
import type { AskDns } from './respond.ts';

/** Every query goes through the cluster as a packet of `client`, from the port that the real client sends from, to `server` or the cluster's DNS address. */
export function askCluster(cluster: EmulatedCluster, client: string, server?: DnsServerAddress): AskDns {
  const startedMs = performance.now() - cluster.now;
  return (query, transport, sourcePort) => {
    const behindMs = Math.floor(performance.now() - startedMs - cluster.now);
    if (behindMs > 0) cluster.advance(behindMs);
    try {
      return cluster.query({ from: client, query, transport, sourcePort, ...(server === undefined ? {} : { server }) });
    } catch (error) {
      // The client may have gone meanwhile: nobody asks, so nobody is answered.
      if (error instanceof NoSuchTargetError) return undefined;
      throw error;
    }
  };
}
