/**
 * Health probes: what Azure asks a node before it sends it traffic.
 * Source: cloud-provider-azure pkg/provider/azure_loadbalancer_healthprobe.go.
 */
import { azure, type Service, type ServicePort } from '../../../src/model/index.ts';
import { ANNOTATIONS, annotationOf } from '../annotations.ts';
import type { CloudConfig } from '../cloud-config.ts';
import { ownsRule, SHARED_PROBE } from '../names.ts';
import { SyncError } from '../sync-error.ts';
import { numberIn, probeKey, within } from './port-annotations.ts';

const INTERVAL_DEFAULT_SECONDS = 5;
const INTERVAL_MIN_SECONDS = 5;
const COUNT_DEFAULT = 2;
const COUNT_MIN = 2;
const TOTAL_MAX_SECONDS = 120;
const PATH_DEFAULT = '/';

type Properties = azure.Probe['properties'];

export function sharedProbe({ sharedProbe: { port, requestPath } }: CloudConfig): azure.Probe {
  return {
    name: SHARED_PROBE,
    properties: {
      protocol: 'Http',
      port,
      requestPath,
      intervalInSeconds: INTERVAL_DEFAULT_SECONDS,
      probeThreshold: COUNT_DEFAULT,
    },
  };
}

/** kube-proxy's own answer whether the node has endpoints, for external traffic policy Local. */
export function localProbe(service: Service, name: string, port: number): azure.Probe {
  const properties = { requestPath: '/healthz', protocol: 'Http', port, ...timing(service, port) } as const;
  return { name, properties };
}

/** The probe of one TCP port; undefined where the port needs none of its own. Throws a `SyncError` on a bad annotation. */
export function portProbe(
  service: Service,
  port: ServicePort,
  name: string,
  { standard, hasCommonProbe }: { readonly standard: boolean; readonly hasCommonProbe: boolean },
): azure.Probe | undefined {
  if (port.protocol !== 'TCP') return undefined;
  const asked = probePort(service, port.port);
  if (asked === undefined && hasCommonProbe) return undefined;
  const protocol = probeProtocol(service, port, standard);
  const path = protocol === 'Tcp' ? {} : { requestPath: requestPath(service, port.port) };
  const times = within(`failed to parse health probe config for port ${port.port}: `, () => timing(service, port.port));
  return { name, properties: { port: asked ?? port.nodePort ?? 0, protocol, ...path, ...times } };
}

/** A Service port, by number or name, is probed at its node port; any other number as it is. */
function probePort(service: Service, port: number): number | undefined {
  const key = probeKey(port, 'port');
  const text = annotationOf(service, key);
  if (text === undefined) return undefined;
  const ports = service.spec.ports ?? [];
  const named = ports.find(({ name }) => (name ?? '').toLowerCase() === text.toLowerCase());
  if (!/^[+-]?\d+$/.test(text)) {
    if (named !== undefined) return named.nodePort ?? 0;
    throw new SyncError(`failed to parse annotation ${key}: port ${text} not found in service`);
  }
  const number = Number(text);
  if (named === undefined && (number < 0 || number > 65535))
    throw new SyncError(`failed to parse annotation ${key}: port ${number} is out of range`);
  const own = ports.find((candidate) => candidate.port === number);
  return own === undefined ? number : (own.nodePort ?? 0);
}

/** The port's annotation, then its appProtocol, then the Service's annotation; what Azure does not know is TCP. */
function probeProtocol(service: Service, port: ServicePort, standard: boolean): azure.ProbeProtocol {
  const asked =
    annotationOf(service, probeKey(port.port, 'protocol')) ??
    port.appProtocol ??
    annotationOf(service, ANNOTATIONS.probeProtocol);
  switch (asked?.trim().toLowerCase()) {
    case 'http':
      return 'Http';
    case 'https':
      return standard ? 'Https' : 'Tcp';
    default:
      return 'Tcp';
  }
}

function requestPath(service: Service, port: number): string {
  const own = annotationOf(service, probeKey(port, 'request-path'));
  return own ?? annotationOf(service, ANNOTATIONS.probeRequestPath) ?? PATH_DEFAULT;
}

function timing(service: Service, port: number): Pick<Properties, 'intervalInSeconds' | 'probeThreshold'> {
  const probeThreshold = parameter(service, port, 'num-of-probe', ANNOTATIONS.probeCount, COUNT_MIN) ?? COUNT_DEFAULT;
  const interval = parameter(service, port, 'interval', ANNOTATIONS.probeInterval, INTERVAL_MIN_SECONDS);
  const intervalInSeconds = interval ?? INTERVAL_DEFAULT_SECONDS;
  if (intervalInSeconds * probeThreshold >= TOTAL_MAX_SECONDS) {
    throw new SyncError('total probe should be less than 120, please adjust interval and number of probe accordingly');
  }
  return { intervalInSeconds, probeThreshold };
}

function parameter(
  service: Service,
  port: number,
  name: 'num-of-probe' | 'interval',
  serviceKey: string,
  min: number,
): number | undefined {
  const complaint = (value: number) => (value < min ? `the minimum value of ${name} is ${min}` : undefined);
  const key = probeKey(port, name);
  // One of the real messages lacks a blank.
  const colon = name === 'interval' ? ':' : ': ';
  const own = within(`failed to parse annotation ${key}${colon}`, () => numberIn(service, key, complaint));
  return own ?? within(`failed to parse annotation ${serviceKey}: `, () => numberIn(service, serviceKey, complaint));
}

/** Whether a probe is there already. Names compare without regard to case. */
export function hasProbe(probes: readonly azure.Probe[], probe: azure.Probe): boolean {
  return probes.some((other) => azure.sameId(other.name, probe.name) && sameProbe(other.properties, probe.properties));
}

function sameProbe(a: Properties, b: Properties): boolean {
  return (
    (a.port ?? 0) === (b.port ?? 0) &&
    azure.sameId(a.protocol ?? '', b.protocol ?? '') &&
    azure.sameId(a.requestPath ?? '', b.requestPath ?? '') &&
    (a.intervalInSeconds ?? 0) === (b.intervalInSeconds ?? 0) &&
    (a.probeThreshold ?? 0) === (b.probeThreshold ?? 0)
  );
}

export interface SharedProbeDecision {
  /** the load balancer's probes: without the shared one where its last Service turned to policy Local */
  readonly probes: readonly azure.Probe[];
  /** probes that must stay although this Service does not want them */
  readonly keep: readonly azure.Probe[];
}

/** What becomes of the shared probe while one Service is reconciled. Throws a `SyncError` where a rule has no name. */
export function decideSharedProbe(
  service: Service,
  probes: readonly azure.Probe[],
  wantLoadBalancer: boolean,
  config: CloudConfig,
): SharedProbeDecision {
  const shared = probes.find(({ name }) => azure.sameId(name, SHARED_PROBE));
  const rules = shared?.properties.loadBalancingRules ?? [];
  const [only] = rules;
  if (shared === undefined || only === undefined) return { probes, keep: [] };
  const isLocal = service.spec.externalTrafficPolicy === 'Local';
  const lastName = azure.nameInId(only.id);
  if (rules.length === 1 && lastName !== '' && isLocal && ownsRule(service, lastName))
    return { probes: probes.filter((probe) => probe !== shared), keep: [] };
  const mayGo = !wantLoadBalancer || config.healthProbeMode !== 'shared';
  for (const { id } of rules) {
    const name = azure.nameInId(id);
    if (name === '') throw new SyncError('resource name was missing from identifier');
    if (mayGo && !ownsRule(service, name)) return { probes, keep: [sharedProbe(config)] };
  }
  return { probes, keep: [] };
}
