/** What a Service must be. Source: kubernetes pkg/apis/core/validation/validation.go `ValidateService`. */
import type { Service, ServicePort } from '../../model/index.ts';
import { cidrFindings, endpointIpFindings, ipFindings } from '../addresses.ts';
import type { FieldErrors } from '../field-errors.ts';
import { validateLabels } from '../metadata.ts';
import { labelName, portName, portNumber, qualifiedName, subdomainName } from '../names.ts';
import { validateClusterIps } from './cluster-ips-validation.ts';
import { isExternallyAccessible, isHeadless, needsHealthCheckNodePort, type ServiceSpec } from './working.ts';

const KUBELET_PORT = 10250;
const AFFINITY_TIMEOUT_SECONDS_MAX = 86_400;
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const AFFINITIES = ['ClientIP', 'None'];
const POLICIES = ['Cluster', 'Local'];
const DISTRIBUTIONS = ['PreferClose', 'PreferSameNode', 'PreferSameZone'];
const SOURCE_RANGES_ANNOTATION = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const TOPOLOGY_MODE = 'service.kubernetes.io/topology-mode';
const TOPOLOGY_HINTS = 'service.kubernetes.io/topology-aware-hints';
const ONLY_LOAD_BALANCER = "may only be used when `type` is 'LoadBalancer'";

/** Checks all but the metadata. */
export function validateServiceSpec(service: Service, errors: FieldErrors): void {
  const { spec } = service;
  const ports = spec.ports ?? [];
  validateTopologyAnnotations(service, errors);
  if (ports.length === 0 && !isHeadless(spec) && spec.type !== 'ExternalName') errors.required('spec.ports');
  validateByType(spec, errors);
  validatePorts(ports, errors);
  validateLabels(spec.selector, 'spec.selector', errors);
  validateAffinity(spec, errors);
  validateClusterIps(spec, errors);
  validateExternalIps(spec.externalIPs ?? [], errors);
  if (!TYPES.includes(spec.type)) errors.notSupported('spec.type', spec.type, TYPES);
  validateNodePorts(spec, errors);
  validateDuplicatePorts(ports, errors);
  validateSourceRanges(service, errors);
  validateLoadBalancerFields(spec, errors);
  validateTrafficPolicies(spec, errors);
}

function validateTopologyAnnotations({ metadata }: Service, errors: FieldErrors): void {
  const mode = metadata.annotations?.[TOPOLOGY_MODE];
  const hints = metadata.annotations?.[TOPOLOGY_HINTS];
  if (mode === undefined || hints === undefined || mode === hints) return;
  const detail = `must match annotations[${TOPOLOGY_HINTS}] when both are specified`;
  errors.invalid(`metadata.annotations[${TOPOLOGY_MODE}]`, mode, detail);
}

function validateByType(spec: ServiceSpec, errors: FieldErrors): void {
  switch (spec.type) {
    case 'LoadBalancer':
      validateKubeletPort(spec.ports ?? [], errors);
      refuseHeadless(spec, errors);
      return;
    case 'NodePort':
      refuseHeadless(spec, errors);
      return;
    case 'ExternalName':
      validateExternalName(spec, errors);
      return;
    default:
      return;
  }
}

function validateKubeletPort(ports: readonly ServicePort[], errors: FieldErrors): void {
  const detail = `may not expose port ${KUBELET_PORT} externally since it is used by kubelet`;
  for (const [i, { port }] of ports.entries()) {
    if (port === KUBELET_PORT) errors.invalid(`spec.ports[${i}]`, port, detail);
  }
}

function refuseHeadless(spec: ServiceSpec, errors: FieldErrors): void {
  if (isHeadless(spec))
    errors.invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`);
}

function validateExternalName(spec: ServiceSpec, errors: FieldErrors): void {
  const detail = 'may not be set for ExternalName services';
  if (spec.clusterIPs !== undefined || spec.clusterIP !== undefined) errors.forbidden('spec.clusterIPs', detail);
  if (spec.ipFamilies !== undefined) errors.forbidden('spec.ipFamilies', detail);
  if (spec.ipFamilyPolicy !== undefined) errors.forbidden('spec.ipFamilyPolicy', detail);
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  if (name === '') errors.required('spec.externalName');
  else errors.invalidEach('spec.externalName', name, subdomainName(name));
}

function validatePorts(ports: readonly ServicePort[], errors: FieldErrors): void {
  const names = new Set<string>();
  for (const [i, port] of ports.entries()) {
    const field = `spec.ports[${i}]`;
    const name = port.name ?? '';
    if (name === '' && ports.length > 1) errors.required(`${field}.name`);
    if (name !== '') {
      errors.invalidEach(`${field}.name`, name, labelName(name));
      if (names.has(name)) errors.duplicate(`${field}.name`, name);
      names.add(name);
    }
    errors.invalidEach(`${field}.port`, port.port, portNumber(port.port));
    if (!PROTOCOLS.includes(port.protocol)) errors.notSupported(`${field}.protocol`, port.protocol, PROTOCOLS);
    validateTargetPort(`${field}.targetPort`, port.targetPort, errors);
    if (port.appProtocol !== undefined)
      errors.invalidEach(`${field}.appProtocol`, port.appProtocol, qualifiedName(port.appProtocol));
  }
}

export function validateTargetPort(field: string, port: number | string, errors: FieldErrors): void {
  errors.invalidEach(field, port, typeof port === 'number' ? portNumber(port) : portName(port));
}

function validateAffinity(spec: ServiceSpec, errors: FieldErrors): void {
  const { sessionAffinity, sessionAffinityConfig } = spec;
  if (!AFFINITIES.includes(sessionAffinity)) errors.notSupported('spec.sessionAffinity', sessionAffinity, AFFINITIES);
  if (sessionAffinity !== 'ClientIP') return;
  const field = 'spec.sessionAffinityConfig.clientIP.timeoutSeconds';
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (seconds === undefined) errors.required(field);
  else if (seconds <= 0 || seconds > AFFINITY_TIMEOUT_SECONDS_MAX)
    errors.invalid(field, seconds, `must be greater than 0 and less than ${AFFINITY_TIMEOUT_SECONDS_MAX}`);
}

function validateExternalIps(ips: readonly string[], errors: FieldErrors): void {
  for (const [i, ip] of ips.entries()) {
    const findings = ipFindings(ip);
    errors.invalidEach(`spec.externalIPs[${i}]`, ip, findings.length > 0 ? findings : endpointIpFindings(ip));
  }
}

function validateNodePorts(spec: ServiceSpec, errors: FieldErrors): void {
  const ports = spec.ports ?? [];
  if (spec.type === 'ClusterIP') {
    for (const [i, { nodePort }] of ports.entries()) {
      if (nodePort) errors.forbidden(`spec.ports[${i}].nodePort`, "may not be used when `type` is 'ClusterIP'");
    }
  }
  const seen = new Set<string>();
  for (const [i, { nodePort, protocol }] of ports.entries()) {
    if (!nodePort) continue;
    const key = `${protocol}/${nodePort}`;
    if (seen.has(key)) errors.duplicate(`spec.ports[${i}].nodePort`, nodePort);
    seen.add(key);
  }
}

function validateDuplicatePorts(ports: readonly ServicePort[], errors: FieldErrors): void {
  const seen = new Set<string>();
  for (const [i, { port, protocol }] of ports.entries()) {
    const key = `${protocol}/${port}`;
    // The text shows Go's struct, of which only the two that must differ are filled.
    const shown = { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 };
    if (seen.has(key)) errors.duplicate(`spec.ports[${i}]`, shown);
    seen.add(key);
  }
}

function validateSourceRanges({ metadata, spec }: Service, errors: FieldErrors): void {
  const annotation = metadata.annotations?.[SOURCE_RANGES_ANNOTATION];
  const isLoadBalancer = spec.type === 'LoadBalancer';
  if (spec.loadBalancerSourceRanges !== undefined) {
    const field = 'spec.LoadBalancerSourceRanges';
    if (!isLoadBalancer) errors.forbidden(field, ONLY_LOAD_BALANCER);
    for (const [i, range] of spec.loadBalancerSourceRanges.entries())
      errors.invalidEach(`${field}[${i}]`, range.trim(), cidrFindings(range.trim()));
  } else if (annotation !== undefined) {
    const field = `metadata.annotations[${SOURCE_RANGES_ANNOTATION}]`;
    if (!isLoadBalancer) errors.forbidden(field, ONLY_LOAD_BALANCER);
    const ranges = annotation.trim() === '' ? [] : annotation.trim().split(',');
    for (const range of ranges) errors.invalidEach(field, range.trim(), cidrFindings(range.trim()));
  }
}

function validateLoadBalancerFields(spec: ServiceSpec, errors: FieldErrors): void {
  if (spec.allocateLoadBalancerNodePorts !== undefined && spec.type !== 'LoadBalancer')
    errors.forbidden('spec.allocateLoadBalancerNodePorts', ONLY_LOAD_BALANCER);
  if (spec.loadBalancerClass === undefined) return;
  const field = 'spec.loadBalancerClass';
  if (spec.type !== 'LoadBalancer') errors.forbidden(field, ONLY_LOAD_BALANCER);
  else errors.invalidEach(field, spec.loadBalancerClass, qualifiedName(spec.loadBalancerClass));
}

function validateTrafficPolicies(spec: ServiceSpec, errors: FieldErrors): void {
  const { externalTrafficPolicy: external, internalTrafficPolicy: internal } = spec;
  const externalField = 'spec.externalTrafficPolicy';
  if (!isExternallyAccessible(spec)) {
    if (external !== undefined)
      errors.invalid(externalField, external, 'may only be set for externally-accessible services');
  } else if (!POLICIES.includes(external ?? '')) {
    errors.notSupported(externalField, external ?? '', POLICIES);
  }
  const healthCheck = spec.healthCheckNodePort;
  if (healthCheck !== undefined && !needsHealthCheckNodePort(spec)) {
    const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.invalid('spec.healthCheckNodePort', healthCheck, detail);
  }
  if (internal !== undefined && !POLICIES.includes(internal))
    errors.notSupported('spec.internalTrafficPolicy', internal, POLICIES);
  const distribution = spec.trafficDistribution;
  if (distribution !== undefined && !DISTRIBUTIONS.includes(distribution))
    errors.notSupported('spec.trafficDistribution', distribution, DISTRIBUTIONS);
}
