/**
 * Chains of one service port. Their names are hashes: base32(sha256(…)), cut to 16 characters, because iptables allows 28.
 * Source: kubernetes pkg/proxy/iptables/proxier.go (portProtoHash, servicePortEndpointChainName).
 */
import { type Chain, protocolName, type Rule } from '../../../src/dataplane/index.ts';
import type { ProtocolNumber } from '../../../src/model/index.ts';
import { sha256Base32 } from '../sha256.ts';

export type ServiceChainPrefix = 'KUBE-SVC-' | 'KUBE-SVL-' | 'KUBE-EXT-' | 'KUBE-FW-' | 'KUBE-SEP-';

const PREFIXES: readonly ServiceChainPrefix[] = ['KUBE-SVC-', 'KUBE-SVL-', 'KUBE-SEP-', 'KUBE-FW-', 'KUBE-EXT-'];
const HASH_LENGTH = 16;

/** `servicePort` is `namespace/service:port`, without the colon where the port has no name. */
export function serviceChainName(
  prefix: ServiceChainPrefix,
  servicePort: string,
  protocol: ProtocolNumber,
  endpoint = '',
): string {
  return prefix + sha256Base32(servicePort + protocolName(protocol) + endpoint, HASH_LENGTH);
}

/** Whether a chain is one that kube-proxy makes for a service port, and deletes when none needs it. */
export function isServiceChainName(name: string): boolean {
  return PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** A chain whose name and rules are made when first asked for: a packet on its way needs no name. */
export class ServiceChain implements Chain {
  readonly #makeName: () => string;
  readonly #makeRules: (chain: Chain) => readonly Rule[];
  #name: string | undefined;
  #rules: readonly Rule[] | undefined;

  constructor(makeName: () => string, makeRules: (chain: Chain) => readonly Rule[]) {
    this.#makeName = makeName;
    this.#makeRules = makeRules;
  }

  get name(): string {
    this.#name ??= this.#makeName();
    return this.#name;
  }

  get rules(): readonly Rule[] {
    this.#rules ??= this.#makeRules(this);
    return this.#rules;
  }

  readRules(): readonly Rule[] {
    return this.#rules ?? this.#makeRules(this);
  }
}
