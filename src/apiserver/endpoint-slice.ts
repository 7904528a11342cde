/** EndpointSlices. Sources: kubernetes pkg/apis/discovery/v1/defaults.go, pkg/apis/discovery/validation. */
import { type Endpoint, type EndpointPort, type EndpointSlice, parseAddress } from '../model/index.ts';
import { endpointIpFindings, ipFindings } from './addresses.ts';
import type { FieldErrors } from './field-errors.ts';
import { validateImmutable } from './metadata.ts';
import { labelName, labelValue, qualifiedName, subdomainName } from './names.ts';
import { deepEqual } from './sharing.ts';
import { type Strategy, withGeneration } from './strategy.ts';

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const ENDPOINTS_MAX = 1000;
const ADDRESSES_MAX = 100;
const PORTS_MAX = 20_000;
const HINTS_MAX = 8;

export const ENDPOINT_SLICE_STRATEGY: Strategy<'EndpointSlice'> = {
  nameRule: subdomainName,
  applyDefaults(slice, before) {
    if (slice.ports === null || slice.ports === before?.ports) return slice;
    return slice.ports.every(isComplete) ? slice : { ...slice, ports: slice.ports.map(completePort) };
  },
  prepareForUpdate(slice, before) {
    const same =
      deepEqual(slice.endpoints, before.endpoints) &&
      deepEqual(slice.ports, before.ports) &&
      deepEqual(slice.metadata.labels, before.metadata.labels);
    return withGeneration(slice, before, !same);
  },
  validate: (slice, errors) => validate(slice, undefined, errors),
  validateUpdate(slice, before, errors) {
    if (
      slice.endpoints !== before.endpoints ||
      slice.ports !== before.ports ||
      slice.addressType !== before.addressType
    )
      validate(slice, before, errors);
    validateImmutable('addressType', slice.addressType, before.addressType, errors);
  },
  warnings: ({ addressType }) => (addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : []),
};

/** What a slice held already is not looked at again: older releases let through what this one refuses. */
function addressesOf(endpoints: readonly Endpoint[]): ReadonlySet<string> {
  return new Set(endpoints.flatMap(({ addresses }) => addresses));
}

function isComplete({ name, protocol }: EndpointPort): boolean {
  return name !== undefined && protocol !== undefined;
}

function completePort(port: EndpointPort): EndpointPort {
  return isComplete(port) ? port : { ...port, name: port.name ?? '', protocol: port.protocol ?? 'TCP' };
}

function validate(slice: EndpointSlice, before: EndpointSlice | undefined, errors: FieldErrors): void {
  const type: string = slice.addressType;
  if (type === '') errors.required('addressType');
  else if (!ADDRESS_TYPES.includes(type)) errors.notSupported('addressType', type, ADDRESS_TYPES);
  validateEndpoints(slice.endpoints ?? [], type, before, errors);
  validatePorts(slice.ports ?? [], errors);
}

function validateEndpoints(
  endpoints: readonly Endpoint[],
  addressType: string,
  before: EndpointSlice | undefined,
  errors: FieldErrors,
): void {
  if (endpoints.length > ENDPOINTS_MAX) {
    errors.tooMany('endpoints', endpoints.length, ENDPOINTS_MAX);
    return;
  }
  const old = before?.endpoints ?? [];
  const seen = addressesOf(old);
  // An endpoint that is the very one of before was found right then, as one of the same type.
  const known = before?.addressType === addressType ? old : [];
  for (let i = 0; i < endpoints.length; i++)
    if (endpoints[i] !== known[i]) validateEndpoint(`endpoints[${i}]`, endpoints[i]!, addressType, seen, errors);
}

function validateEndpoint(
  field: string,
  { addresses, hostname, nodeName, hints }: Endpoint,
  addressType: string,
  seen: ReadonlySet<string>,
  errors: FieldErrors,
): void {
  if (addresses === null || addresses.length === 0)
    errors.required(`${field}.addresses`, 'must contain at least 1 address');
  else if (addresses.length > ADDRESSES_MAX) errors.tooMany(`${field}.addresses`, addresses.length, ADDRESSES_MAX);
  for (const [a, address] of (addresses ?? []).entries()) {
    if (!seen.has(address)) validateAddress(field, a, address, addressType, errors);
  }
  if (nodeName !== undefined) errors.invalidEach(`${field}.nodeName`, nodeName, subdomainName(nodeName));
  if (hostname !== undefined) errors.invalidEach(`${field}.hostname`, hostname, labelName(hostname));
  if (hints !== undefined) validateHints(`${field}.hints`, hints, errors);
}

function validateAddress(field: string, i: number, address: string, addressType: string, errors: FieldErrors): void {
  const each = `${field}.addresses[${i}]`;
  if (addressType === 'FQDN') errors.invalidEach(each, address, subdomainName(address));
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return;
  const findings = ipFindings(address);
  if (findings.length > 0) {
    errors.invalidEach(each, address, findings);
    return;
  }
  const isIpv4 = typeof parseAddress(address) === 'number';
  if (isIpv4 !== (addressType === 'IPv4'))
    errors.invalid(`${field}.addresses`, address, `must be an ${addressType} address`);
  errors.invalidEach(each, address, endpointIpFindings(address));
}

function validateHints(field: string, hints: NonNullable<Endpoint['hints']>, errors: FieldErrors): void {
  validateHintNames(`${field}.forZones`, hints.forZones ?? [], labelValue, errors);
  validateHintNames(`${field}.forNodes`, hints.forNodes ?? [], subdomainName, errors);
}

function validateHintNames(
  field: string,
  hints: readonly { readonly name: string }[],
  rule: (name: string) => readonly string[],
  errors: FieldErrors,
): void {
  if (hints.length > HINTS_MAX) {
    errors.tooMany(field, hints.length, HINTS_MAX);
    return;
  }
  const seen = new Set<string>();
  for (const [i, { name }] of hints.entries()) {
    if (seen.has(name)) errors.duplicate(`${field}[${i}].name`, name);
    seen.add(name);
    errors.invalidEach(`${field}[${i}].name`, name, rule(name));
  }
}

function validatePorts(ports: readonly EndpointPort[], errors: FieldErrors): void {
  if (ports.length > PORTS_MAX) {
    errors.tooMany('ports', ports.length, PORTS_MAX);
    return;
  }
  const seen = new Set<string>();
  for (const [i, { name = '', protocol, appProtocol }] of ports.entries()) {
    const field = `ports[${i}]`;
    if (name !== '') errors.invalidEach(`${field}.name`, name, labelName(name));
    if (seen.has(name)) errors.duplicate(`${field}.name`, name);
    seen.add(name);
    if (protocol === undefined) errors.required(`${field}.protocol`);
    else if (!PROTOCOLS.includes(protocol)) errors.notSupported(`${field}.protocol`, protocol, PROTOCOLS);
    if (appProtocol !== undefined) errors.invalidEach(`${field}.appProtocol`, appProtocol, qualifiedName(appProtocol));
  }
}
