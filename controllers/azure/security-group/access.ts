/**
 * Who may reach a Service's load balancer, as its spec and annotations say.
 * Source: cloud-provider-azure pkg/provider/loadbalancer (accesscontrol.go, configuration.go).
 */
import { type azure, formatAddress, type Protocol, parseAddress, type Service } from '../../../src/model/index.ts';
import { ANNOTATIONS, annotationOf, commaList, disablesFloatingIp, isInternal, isTrue } from '../annotations.ts';
import { addressComplaint, allowsAll, type Prefix, parsePrefix } from '../prefix.ts';
import { SyncError } from '../sync-error.ts';
import type { PortsByProtocol } from './rules.ts';

export interface Ranges {
  readonly valid: readonly Prefix[];
  readonly invalid: readonly string[];
  /** why the invalid ones are */
  readonly error?: string;
}

/** A warning that the cloud provider writes about a Service. */
export interface Warning {
  readonly reason: string;
  readonly message: string;
}

export interface Access {
  /** from `spec.loadBalancerSourceRanges` */
  readonly sourceRanges: readonly Prefix[];
  /** from annotations */
  readonly allowedRanges: readonly Prefix[];
  readonly serviceTags: readonly string[];
  /** an invalid range closes the Service to everybody that no valid one names */
  readonly invalidRanges: readonly string[];
  readonly ports: PortsByProtocol;
  readonly internal: boolean;
  readonly denyAllAnnotation: boolean;
  readonly warnings: readonly Warning[];
}

/** Throws a `SyncError` where the Service contradicts itself. */
export function accessOf(service: Service): Access {
  const source = sourceRangesOf(service);
  const allowed = allowedRangesOf(service);
  const serviceTags = allowedServiceTags(service);
  if (source.valid.length > 0 && allowed.valid.length > 0) {
    throw new SyncError(
      `cannot set both spec.LoadBalancerSourceRanges and service annotation ${ANNOTATIONS.allowedIpRanges}`,
    );
  }
  return {
    sourceRanges: source.valid,
    allowedRanges: allowed.valid,
    serviceTags,
    invalidRanges: [...source.invalid, ...allowed.invalid],
    ports: portsByProtocol(service),
    internal: isInternal(service),
    denyAllAnnotation: isTrue(service, ANNOTATIONS.denyAllExceptSourceRanges),
    warnings: warningsOf(source, allowed, serviceTags),
  };
}

function warningsOf(source: Ranges, allowed: Ranges, serviceTags: readonly string[]): readonly Warning[] {
  const ignored = 'ignoring and adding a default DenyAll rule in security group.';
  return [
    ...(source.invalid.length === 0
      ? []
      : [
          {
            reason: 'InvalidSourceRanges',
            message: `Found invalid spec.LoadBalancerSourceRanges ${quotedList(source.invalid)}, ${ignored}`,
          },
        ]),
    ...(allowed.invalid.length === 0
      ? []
      : [
          {
            reason: 'InvalidAllowedIPRanges',
            message: `Found invalid ${ANNOTATIONS.allowedIpRanges} ${quotedList(allowed.invalid)}, ${ignored}`,
          },
        ]),
    ...(source.valid.length === 0 || serviceTags.length === 0
      ? []
      : [
          {
            reason: 'ConflictConfiguration',
            message: `Please use annotation ${ANNOTATIONS.allowedIpRanges} instead of spec.loadBalancerSourceRanges while using ${ANNOTATIONS.allowedServiceTags} annotation at the same time.`,
          },
        ]),
  ];
}

/** As Go's `%q` prints a list of strings. */
function quotedList(texts: readonly string[]): string {
  return `[${texts.map((text) => JSON.stringify(text)).join(' ')}]`;
}

/** Whether the internet is let in: always by a public load balancer that names nobody, else only where a range is everything. */
export function allowsInternet({ serviceTags, sourceRanges, allowedRanges, invalidRanges, internal }: Access): boolean {
  if (serviceTags.length > 0 || invalidRanges.length > 0) return false;
  if (sourceRanges.length > 0 && !allowsAll(sourceRanges)) return false;
  if (allowedRanges.length > 0 && !allowsAll(allowedRanges)) return false;
  return !internal || sourceRanges.length > 0 || allowedRanges.length > 0;
}

/** Whether the virtual network, which Azure lets in by default, is kept out too. */
export function deniesAllElse({ denyAllAnnotation, sourceRanges, allowedRanges, invalidRanges }: Access): boolean {
  const named = sourceRanges.length > 0 || allowedRanges.length > 0;
  return (denyAllAnnotation && named) || invalidRanges.length > 0;
}

/** The ports that packets arrive at: node ports where the load balancer rewrites them. */
export function portsByProtocol(service: Service): PortsByProtocol {
  const ports = new Map<azure.SecurityProtocol, number[]>();
  for (const { protocol, port, nodePort } of service.spec.ports ?? []) {
    const of = securityProtocol(protocol);
    ports.set(of, [...(ports.get(of) ?? []), disablesFloatingIp(service) ? (nodePort ?? 0) : port]);
  }
  return ports;
}

function securityProtocol(protocol: Protocol): azure.SecurityProtocol {
  if (protocol === 'TCP') return 'Tcp';
  return protocol === 'UDP' ? 'Udp' : '*';
}

export function allowedServiceTags(service: Service): readonly string[] {
  const text = annotationOf(service, ANNOTATIONS.allowedServiceTags);
  return text === undefined ? [] : commaList(text);
}

export function sourceRangesOf({ spec }: Service): Ranges {
  const texts = spec.loadBalancerSourceRanges ?? [];
  const ranges = rangesOf(texts.map((text) => text.trim()));
  if (ranges.error === undefined) return ranges;
  return { ...ranges, error: `invalid service.Spec.LoadBalancerSourceRanges [[${texts.join(' ')}]]: ${ranges.error}` };
}

export function allowedRangesOf(service: Service): Ranges {
  const parts: Ranges[] = [];
  for (const key of [ANNOTATIONS.allowedIpRanges, ANNOTATIONS.sourceRanges]) {
    const text = annotationOf(service, key);
    if (text === undefined) continue;
    const ranges = rangesOf(commaList(text));
    parts.push(ranges.error === undefined ? ranges : { ...ranges, error: annotationError(key, text, ranges.error) });
  }
  const errors = parts.flatMap(({ error }) => error ?? []);
  return {
    valid: parts.flatMap(({ valid }) => valid),
    invalid: parts.flatMap(({ invalid }) => invalid),
    ...(errors.length === 0 ? {} : { error: errors.join('\n') }),
  };
}

function rangesOf(texts: readonly string[]): Ranges {
  const valid: Prefix[] = [];
  const invalid: string[] = [];
  const errors: string[] = [];
  for (const text of texts) {
    try {
      valid.push(parsePrefix(text));
    } catch (error) {
      if (!(error instanceof SyncError)) throw error;
      invalid.push(text);
      errors.push(error.message);
    }
  }
  return { valid, invalid, ...(errors.length === 0 ? {} : { error: errors.join('\n') }) };
}

function annotationError(key: string, text: string, error: string): string {
  return `invalid service annotation ${key}:${text}: ${error}`;
}

/** Addresses that lead to the load balancer by other ways than its frontend. Throws a `SyncError` where one is none. */
export function additionalPublicIps(service: Service): readonly string[] {
  const text = annotationOf(service, ANNOTATIONS.additionalPublicIps);
  if (text === undefined) return [];
  return text
    .trim()
    .split(',')
    .map((item) => {
      const address = parseAddress(item);
      if (address !== undefined) return formatAddress(address);
      const error = `invalid CIDR \`${item}\`: ${addressComplaint(item)}`;
      throw new SyncError(annotationError(ANNOTATIONS.additionalPublicIps, text, error));
    });
}
