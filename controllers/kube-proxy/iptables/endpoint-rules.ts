/**
 * Rules for endpoints: which chain a connection goes to, and what that chain does with it.
 * Source: kubernetes pkg/proxy/iptables/proxier.go (writeServiceToEndpointRules, the per-endpoint chains of syncProxyRules).
 */
import {
  type Chain,
  fixedText,
  type Match,
  type Rule,
  type ServiceEndpoint,
  type ServicePortRecord,
} from '../../../src/dataplane/index.ts';
import { comment, jumpTo, protocolIs, rule, source } from './rule.ts';
import { ServiceChain, serviceChainName } from './service-chain.ts';

/** kube-proxy writes probabilities with ten decimals. */
export const PROBABILITY_DECIMALS = 10;

/**
 * The KUBE-SEP chain: marks what comes back to the endpoint itself (hairpin), remembers the client under affinity, and
 * translates the destination.
 */
export function endpointChain(
  port: ServicePortRecord,
  endpoint: ServiceEndpoint,
  markMasquerade: Chain,
  comments: boolean,
): Chain {
  const { name, protocol } = port;
  const said = comments ? comment(name) : undefined;
  return new ServiceChain(
    () => serviceChainName('KUBE-SEP-', name, protocol, endpoint.text),
    (chain) => [
      rule(jumpTo(markMasquerade), said, source(endpoint.address)),
      rule(
        { target: 'DNAT', address: endpoint.address, port: endpoint.port },
        said,
        port.affinitySeconds > 0 ? { match: 'recent', name: chain.name, action: 'set' } : undefined,
        protocolIs(protocol),
        { match: 'ports', protocol },
      ),
    ],
  );
}

/** Of `count` endpoints left, one with this chance; none for the last, which takes all that comes. */
function oneIn(count: number): Match | undefined {
  if (count === 1) return undefined;
  return { match: 'statistic', probability: Number(fixedText(1 / count, PROBABILITY_DECIMALS)) };
}

/** The rules that spread connections over `endpoints`: clients remembered first, then by chance. */
export function endpointRules(
  port: ServicePortRecord,
  endpoints: readonly ServiceEndpoint[],
  chainOf: (endpoint: ServiceEndpoint) => Chain,
  comments: boolean,
): Rule[] {
  const said = (endpoint: ServiceEndpoint) => (comments ? comment(`${port.name} -> ${endpoint.text}`) : undefined);
  const remember = (endpoint: ServiceEndpoint): Rule => {
    const chain = chainOf(endpoint);
    const { affinitySeconds: seconds } = port;
    return rule(jumpTo(chain), said(endpoint), {
      match: 'recent',
      name: chain.name,
      action: 'rcheck',
      seconds,
      reap: true,
    });
  };
  const byChance = endpoints.map((endpoint, i) =>
    rule(jumpTo(chainOf(endpoint)), said(endpoint), oneIn(endpoints.length - i)),
  );
  return port.affinitySeconds > 0 ? [...endpoints.map(remember), ...byChance] : byChance;
}
