/** ip-masq-agent: what leaves the cluster's own ranges takes the node's address. Knows no Service and no pod. */
export { type IpMasqAgentConfig, withIpMasqAgent } from './rules.ts';
