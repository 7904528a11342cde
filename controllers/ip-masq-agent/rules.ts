/**
 * The chain that azure-ip-masq-agent keeps in nat, beside kube-proxy's: packets to the ranges it is given keep their source,
 * all others that leave the node take the node's address. Without it nobody outside could answer an overlay pod.
 *
 * Source: ip-masq-agent-v2 (cmd/ip-masq-agent/ip-masq-agent.go, `syncMasqRules`); AKS reconciles the pod CIDR into its list
 * (https://learn.microsoft.com/azure/aks/azure-cni-overlay).
 */
import type { Chain, Match, Rule, Ruleset, Table } from '../../src/dataplane/index.ts';
import { type Cidr, cidrOf, type Family, type TableName } from '../../src/model/index.ts';

export interface IpMasqAgentConfig {
  readonly family: Family;
  readonly nonMasqueradeCidrs: readonly Cidr[];
  /** whether link-local destinations are masqueraded too: AKS says yes */
  readonly masqLinkLocal: boolean;
}

const NAME = 'IP-MASQ-AGENT';
const LINK_LOCAL = cidrOf('169.254.0.0/16');
const NOT_LOCAL: Match = { match: 'address-type', side: 'destination', type: 'LOCAL', inverted: true };

function comment(text: string): Match {
  return { match: 'comment', text: `ip-masq-agent: ${text}` };
}

function keeps(cidr: Cidr): Rule {
  const matches: readonly Match[] = [
    { match: 'destination', cidr, inverted: false },
    comment('local traffic is not subject to MASQUERADE'),
    NOT_LOCAL,
  ];
  return { matches, target: { target: 'RETURN' } };
}

function agentChain({ nonMasqueradeCidrs, masqLinkLocal }: IpMasqAgentConfig): Chain {
  const kept = [...(masqLinkLocal ? [] : [LINK_LOCAL]), ...nonMasqueradeCidrs].map(keeps);
  const last = comment('outbound traffic is subject to MASQUERADE (must be last in chain)');
  const masquerade: Rule = { matches: [last, NOT_LOCAL], target: { target: 'MASQUERADE', randomFully: true } };
  return { name: NAME, rules: [...kept, masquerade] };
}

const PURPOSE = 'ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom IP-MASQ-AGENT chain';

/** A nat table with the agent's chain, and its jump behind those that are there. */
class NatTable implements Table {
  readonly name = 'nat';
  readonly #before: Table | undefined;
  readonly #agent: Chain;
  readonly #postrouting: Chain;

  constructor(before: Table | undefined, agent: Chain) {
    const postrouting = before?.chain('POSTROUTING');
    const jump: Rule = { matches: [comment(PURPOSE), NOT_LOCAL], target: { target: 'jump', chain: agent } };
    this.#before = before;
    this.#agent = agent;
    this.#postrouting = {
      name: 'POSTROUTING',
      policy: postrouting?.policy ?? 'ACCEPT',
      rules: [...(postrouting?.rules ?? []), jump],
    };
  }

  chain(name: string): Chain | undefined {
    if (name === NAME) return this.#agent;
    return name === 'POSTROUTING' ? this.#postrouting : this.#before?.chain(name);
  }

  chains(): readonly Chain[] {
    const chains = (this.#before?.chains() ?? []).filter(({ name }) => name !== 'POSTROUTING');
    const base = [...chains.filter(({ policy }) => policy !== undefined), this.#postrouting];
    const others = [...chains.filter(({ policy }) => policy === undefined), this.#agent];
    return [...base, ...others.sort((a, b) => (a.name < b.name ? -1 : 1))];
  }
}

/** Adds the agent's rules to a node's: give it one config and keep it, for the same rules come back as the same object. */
export function withIpMasqAgent(config: IpMasqAgentConfig): (rules: Ruleset) => Ruleset {
  const agent = agentChain(config);
  const made = new WeakMap<Ruleset, Ruleset>();
  return (rules) => {
    let both = made.get(rules);
    if (both === undefined) {
      const { family = 4, nftables, kin = rules } = rules;
      const nat = new NatTable(rules.table('nat'), agent);
      const table = (name: TableName) => (name === 'nat' ? nat : rules.table(name));
      both = nftables === undefined ? { family, kin, table } : { family, kin, nftables, table };
      made.set(rules, both);
    }
    return both;
  };
}
