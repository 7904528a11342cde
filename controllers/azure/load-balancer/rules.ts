/**
 * The load-balancing rules that a Service wants in one IP family, and the probes that they hang on.
 * Source: cloud-provider-azure pkg/provider/azure_loadbalancer.go (getExpectedLBRules and what it calls).
 */
import { azure, type Protocol, type Service, type ServicePort } from '../../../src/model/index.ts';
import { ANNOTATIONS, disablesFloatingIp, isInternal, isTrue } from '../annotations.ts';
import { type CloudConfig, loadBalancerId } from '../cloud-config.ts';
import { haPortsRuleName, hasIpv6Suffix, ruleName } from '../names.ts';
import { SyncError } from '../sync-error.ts';
import { hasNoProbe, hasNoRule, numberIn, within } from './port-annotations.ts';
import { localProbe, portProbe, sharedProbe } from './probes.ts';

const IDLE_TIMEOUT_MIN_MINUTES = 4;
const IDLE_TIMEOUT_MAX_MINUTES = 100;
const TRANSPORTS: Readonly<Record<Protocol, azure.TransportProtocol>> = { TCP: 'Tcp', UDP: 'Udp', SCTP: 'All' };

export interface RulesRequest {
  readonly service: Service;
  readonly version: azure.IpVersion;
  readonly loadBalancerName: string;
  readonly frontendId: string;
  readonly backendPoolId: string;
  readonly config: CloudConfig;
}

export interface RulesAndProbes {
  readonly rules: readonly azure.LoadBalancingRule[];
  readonly probes: readonly azure.Probe[];
}

/** Throws a `SyncError` where an annotation cannot be followed. */
export function expectedRules(request: RulesRequest): RulesAndProbes {
  const { service, config } = request;
  const common = commonProbe(request);
  const isHaPorts = config.loadBalancerSku === 'standard' && isTrue(service, ANNOTATIONS.haPorts);
  return isHaPorts && isInternal(service) ? haPortsRule(request, common.probe) : portRules(request, common);
}

interface CommonProbe {
  readonly probe: azure.Probe | undefined;
  /** shared by all Services: then no port has a probe of its own */
  readonly shared: boolean;
}

/** The one probe for all of a Service's ports: kube-proxy's health check of the Service, or of the node. */
function commonProbe({ service, version, config }: RulesRequest): CommonProbe {
  const { externalTrafficPolicy, healthCheckNodePort = 0 } = service.spec;
  if (externalTrafficPolicy === 'Local') {
    // Behind a private link with the PROXY protocol nobody could read kube-proxy's answer.
    const isProxied = isTrue(service, ANNOTATIONS.privateLink) && isTrue(service, ANNOTATIONS.privateLinkProxyProtocol);
    if (service.spec.type !== 'LoadBalancer' || isProxied) return { probe: undefined, shared: false };
    const name = ruleName(service, 'TCP', healthCheckNodePort, version);
    return { probe: localProbe(service, name, healthCheckNodePort), shared: false };
  }
  return config.healthProbeMode === 'shared'
    ? { probe: sharedProbe(config), shared: true }
    : { probe: undefined, shared: false };
}

/** One rule for every port. It needs one probe: the first that a port has. */
function haPortsRule(request: RulesRequest, common: azure.Probe | undefined): RulesAndProbes {
  const { service, version } = request;
  const name = haPortsRuleName(service, version);
  const probe = common ?? firstProbe(service, name);
  const ports = { port: 0, nodePort: 0 };
  const properties = {
    ...withTimeoutPlace(() => ruleProperties(request, 'All', ports)),
    ...probeReference(request, probe),
    enableTcpReset: !isTrue(service, ANNOTATIONS.disableTcpReset),
  };
  return { rules: [{ name, properties }], probes: probe === undefined ? [] : [probe] };
}

function firstProbe(service: Service, name: string): azure.Probe | undefined {
  for (const port of service.spec.ports ?? []) {
    try {
      const probe = portProbe(service, port, name, { standard: true, hasCommonProbe: false });
      if (probe !== undefined) return probe;
    } catch (error) {
      // Another port may have a good one.
      if (!(error instanceof SyncError)) throw error;
    }
  }
  return undefined;
}

function portRules(request: RulesRequest, common: CommonProbe): RulesAndProbes {
  const rules: azure.LoadBalancingRule[] = [];
  const probes: azure.Probe[] = [];
  for (const port of request.service.spec.ports ?? []) {
    if (hasNoRule(request.service, port.port)) continue;
    const { rule, probe } = portRule(request, port, common);
    rules.push(rule);
    if (probe !== undefined && !probes.includes(probe)) probes.push(probe);
  }
  return { rules, probes };
}

function portRule(
  request: RulesRequest,
  port: ServicePort,
  common: CommonProbe,
): { readonly rule: azure.LoadBalancingRule; readonly probe: azure.Probe | undefined } {
  const { service, version, config } = request;
  const standard = config.loadBalancerSku === 'standard';
  if (port.protocol === 'SCTP' && !(standard && isInternal(service)))
    throw new SyncError('SCTP is only supported on standard loadbalancer in internal mode');
  const name = ruleName(service, port.protocol, port.port, version);
  const nodePort = port.nodePort ?? 0;
  const properties = withTimeoutPlace(() => {
    return ruleProperties(request, TRANSPORTS[port.protocol], { port: port.port, nodePort });
  });
  const probe = hasNoProbe(service, port.port) ? undefined : probeFor(request, port, name, common);
  const toNodePort = disablesFloatingIp(service) ? { backendPort: nodePort, enableFloatingIP: false } : {};
  return { rule: { name, properties: { ...properties, ...probeReference(request, probe), ...toNodePort } }, probe };
}

function probeFor({ service, config }: RulesRequest, port: ServicePort, name: string, common: CommonProbe) {
  if (common.shared) return common.probe;
  const options = { standard: config.loadBalancerSku === 'standard', hasCommonProbe: common.probe !== undefined };
  return portProbe(service, port, name, options) ?? common.probe;
}

function probeReference({ config, loadBalancerName }: RulesRequest, probe: azure.Probe | undefined) {
  if (probe === undefined) return {};
  return { probe: { id: azure.subResourceId(loadBalancerId(config, loadBalancerName), 'probes', probe.name) } };
}

function ruleProperties(
  { service, frontendId, backendPoolId, config }: RulesRequest,
  protocol: azure.TransportProtocol,
  { port, nodePort }: { readonly port: number; readonly nodePort: number },
): azure.LoadBalancingRule['properties'] {
  const isStandardTcp = protocol === 'Tcp' && config.loadBalancerSku === 'standard';
  // Azure's internal load balancers cannot float a secondary IPv6 address: packets go to the node's own.
  const floats = !(isInternal(service) && hasIpv6Suffix(backendPoolId));
  return {
    protocol,
    frontendPort: port,
    backendPort: floats ? port : nodePort,
    disableOutboundSnat: config.disableOutboundSnat,
    enableFloatingIP: floats,
    ...(isStandardTcp ? { enableTcpReset: !isTrue(service, ANNOTATIONS.disableTcpReset) } : {}),
    loadDistribution: service.spec.sessionAffinity === 'ClientIP' ? 'SourceIP' : 'Default',
    frontendIPConfiguration: { id: frontendId },
    backendAddressPool: { id: backendPoolId },
    idleTimeoutInMinutes: idleTimeoutMinutes(service),
  };
}

function withTimeoutPlace<T>(find: () => T): T {
  return within('error generate lb rule for ha mod loadbalancer. err: ', find);
}

function idleTimeoutMinutes(service: Service): number {
  const key = ANNOTATIONS.idleTimeout;
  return (
    within(`error parsing idle timeout key: ${key}, err: `, () =>
      numberIn(service, key, (value) =>
        value < IDLE_TIMEOUT_MIN_MINUTES || value > IDLE_TIMEOUT_MAX_MINUTES
          ? `idle timeout value must be a whole number representing minutes between ${IDLE_TIMEOUT_MIN_MINUTES} and ${IDLE_TIMEOUT_MAX_MINUTES}, actual value: ${value}`
          : undefined,
      ),
    ) ?? IDLE_TIMEOUT_MIN_MINUTES
  );
}

/** Whether a rule is there already; only what the cluster writes is compared. */
export function hasRule(
  rules: readonly azure.LoadBalancingRule[],
  rule: azure.LoadBalancingRule,
  wantLoadBalancer: boolean,
): boolean {
  return rules.some((other) => {
    return azure.sameId(other.name, rule.name) && sameRule(other.properties, rule.properties, wantLoadBalancer);
  });
}

type Properties = azure.LoadBalancingRule['properties'];

function sameRule(a: Properties, b: Properties, wantLoadBalancer: boolean): boolean {
  if (a.protocol !== b.protocol) return false;
  const bothTimed = a.idleTimeoutInMinutes !== undefined && b.idleTimeoutInMinutes !== undefined;
  return (
    (a.protocol !== 'Tcp' || (a.enableTcpReset ?? false) === (b.enableTcpReset ?? false)) &&
    azure.sameId(a.frontendIPConfiguration?.id, b.frontendIPConfiguration?.id) &&
    azure.sameId(a.backendAddressPool?.id, b.backendAddressPool?.id) &&
    azure.sameId(a.probe?.id, b.probe?.id) &&
    a.loadDistribution === b.loadDistribution &&
    a.frontendPort === b.frontendPort &&
    a.backendPort === b.backendPort &&
    a.enableFloatingIP === b.enableFloatingIP &&
    (a.disableOutboundSnat ?? false) === (b.disableOutboundSnat ?? false) &&
    !(wantLoadBalancer && bothTimed && a.idleTimeoutInMinutes !== b.idleTimeoutInMinutes)
  );
}
