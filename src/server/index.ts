/** server: what real programs talk to: DNS on a socket, for dig. Carries bytes; what they mean, the emulator says. */

export { askCluster } from './dns/ask-cluster.ts';
export { type DnsListener, ListenError, listenForDns } from './dns/listen.ts';
export { type AskDns, respond } from './dns/respond.ts';
