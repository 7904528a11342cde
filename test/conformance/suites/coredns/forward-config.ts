/** What a forward block sets, as the recordings name it: of the first where there are several. */
import {
  type Directive,
  type ForwardOptions,
  type PluginSetup,
  readForwardOptions,
} from '../../../../controllers/coredns/index.ts';

function firstServerName({ targets, tlsServerName }: ForwardOptions): string {
  const own = targets[0]?.serverName ?? '';
  return own === '' ? tlsServerName : own;
}

export function forwardSettings(directives: readonly Directive[], setup: PluginSetup): Record<string, unknown> {
  const all = directives.map((directive) => readForwardOptions(directive, setup));
  const options = all[0]!;
  return {
    from: options.from,
    chain_from: all.map(({ from }) => from),
    upstreams: options.targets.map(({ address }) => address),
    except: options.except,
    policy: options.policy,
    max_fails: options.maxFails,
    max_concurrent: options.maxConcurrent,
    max_idle_conns: options.maxIdleConnections,
    max_connect_attempts: options.maxConnectAttempts,
    max_age_s: options.maxAgeMs / 1000,
    expire_s: options.expireMs / 1000,
    read_timeout_s: options.readTimeoutMs / 1000,
    force_tcp: options.forceTcp,
    prefer_udp: options.preferUdp,
    health_check_recursion: options.healthCheck.recursionDesired,
    health_check_domain: options.healthCheck.domain,
    health_check_tls_servername: options.tlsServerName,
    first_upstream_tls_servername: firstServerName(options),
    source_address: options.sourceAddress,
    failfast_all_unhealthy_upstreams: options.failsFast,
    failover: options.failover,
    next: options.next,
    next_on_nodata: options.nextOnNodata,
    resolver_count: options.resolvers.length,
  };
}
