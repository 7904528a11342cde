/** What a pod's spec must be. Source: kubernetes pkg/apis/core/validation/validation.go `ValidatePodSpec`. */
import type { PodDnsConfig, PodSpec, Toleration } from '../../model/index.ts';
import { ipFindings } from '../addresses.ts';
import type { FieldErrors } from '../field-errors.ts';
import { validateLabels } from '../metadata.ts';
import { labelName, labelValue, qualifiedName, subdomainName } from '../names.ts';
import { validateContainer } from './container-validation.ts';
import { containersOf, type Raw, type RawContainer, type RawPodSpec, type RawVolume, rawSpec } from './raw.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const EFFECTS = ['NoExecute', 'NoSchedule', 'PreferNoSchedule'];
const NAMESERVERS_MAX = 3;
const SEARCHES_MAX = 32;
const SEARCHES_LENGTH_MAX = 2048;
const DEADLINE_SECONDS_MAX = 2 ** 31 - 1;

// Pods come from templates: a spec once found right, and frozen, needs no second look.
const rightSpecs = new WeakSet<PodSpec>();

/** `field` is where the spec lies: `spec`, `spec.template.spec`. */
export function validatePodSpec(spec: PodSpec, field: string, errors: FieldErrors): void {
  if (rightSpecs.has(spec)) return;
  const before = errors.causes.length;
  const raw = rawSpec(spec);
  const volumes = validateVolumes(`${field}.volumes`, raw.volumes ?? [], errors);
  validateContainers(field, raw, volumes, errors);
  if (!RESTART_POLICIES.includes(raw.restartPolicy))
    errors.notSupported(`${field}.restartPolicy`, raw.restartPolicy, RESTART_POLICIES);
  if (!DNS_POLICIES.includes(raw.dnsPolicy)) errors.notSupported(`${field}.dnsPolicy`, raw.dnsPolicy, DNS_POLICIES);
  validateLabels(raw.nodeSelector, `${field}.nodeSelector`, errors);
  validateHostPorts(field, raw, errors);
  validateDnsConfig(`${field}.dnsConfig`, raw.dnsConfig, raw.dnsPolicy, errors);
  validateNames(field, raw, errors);
  validateTolerations(`${field}.tolerations`, raw.tolerations ?? [], errors);
  validateHostAliases(`${field}.hostAliases`, raw.hostAliases ?? [], errors);
  if (errors.causes.length === before && Object.isFrozen(spec)) rightSpecs.add(spec);
}

/** Notes a spec that was found right before it was frozen. */
export function trustPodSpec(spec: PodSpec): void {
  rightSpecs.add(spec);
}

function validateVolumes(field: string, volumes: readonly RawVolume[], errors: FieldErrors): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [i, volume] of volumes.entries()) {
    const each = `${field}[${i}]`;
    const { name } = volume;
    const path = (volume['hostPath'] as Raw | undefined)?.['path'];
    if (path === '') errors.required(`${each}.hostPath.path`);
    else if (typeof path === 'string' && path.split('/').includes('..'))
      errors.invalid(`${each}.hostPath.path`, path, "must not contain '..'");
    const findings = name === '' ? [] : labelName(name);
    if (name === '') errors.required(`${each}.name`);
    else errors.invalidEach(`${each}.name`, name, findings);
    if (findings.length === 0 && name !== '' && names.has(name)) errors.duplicate(`${each}.name`, name);
    names.add(name);
  }
  return names;
}

function validateContainers(field: string, spec: RawPodSpec, volumes: ReadonlySet<string>, errors: FieldErrors): void {
  const names = new Set<string>();
  const validateList = (list: string, containers: readonly RawContainer[]): void => {
    for (const [i, container] of containers.entries()) {
      const each = `${field}.${list}[${i}]`;
      validateContainer(each, container, volumes, errors);
      if (names.has(container.name)) errors.duplicate(`${each}.name`, container.name);
      names.add(container.name);
    }
  };
  if (spec.containers === null || spec.containers.length === 0) errors.required(`${field}.containers`);
  validateList('containers', spec.containers ?? []);
  validateHostPortConflicts(`${field}.containers`, spec.containers ?? [], errors);
  validateList('initContainers', spec.initContainers ?? []);
}

function validateHostPortConflicts(field: string, containers: readonly RawContainer[], errors: FieldErrors): void {
  const seen = new Set<string>();
  for (const [c, container] of containers.entries()) {
    for (const [p, port] of (container.ports ?? []).entries()) {
      if (port.hostPort === undefined) continue;
      const key = `${port.protocol}/${(port as Raw & typeof port)['hostIP'] ?? ''}/${port.hostPort}`;
      if (seen.has(key)) errors.duplicate(`${field}[${c}].ports[${p}].hostPort`, key);
      seen.add(key);
    }
  }
}

function validateHostPorts(field: string, spec: RawPodSpec, errors: FieldErrors): void {
  if (spec.hostNetwork !== true) return;
  for (const [c, container] of (spec.containers ?? []).entries()) {
    for (const [p, { hostPort, containerPort }] of (container.ports ?? []).entries()) {
      // A template may leave it open: it is filled in when a pod is made of it, and a pod always has it.
      if (hostPort !== undefined && hostPort !== containerPort)
        errors.invalid(
          `${field}.containers[${c}].ports[${p}].hostPort`,
          hostPort,
          'must match `containerPort` when `hostNetwork` is true',
        );
    }
  }
}

function validateDnsConfig(field: string, config: PodDnsConfig | undefined, policy: string, errors: FieldErrors): void {
  const { nameservers = [], searches = [], options = [] } = config ?? {};
  if (policy === 'None' && config === undefined)
    errors.required(field, `must provide \`dnsConfig\` when \`dnsPolicy\` is ${policy}`);
  else if (policy === 'None' && nameservers.length === 0)
    errors.required(`${field}.nameservers`, `must provide at least one DNS nameserver when \`dnsPolicy\` is ${policy}`);
  if (nameservers.length > NAMESERVERS_MAX)
    errors.invalid(`${field}.nameservers`, nameservers, `must not have more than ${NAMESERVERS_MAX} nameservers`);
  for (const [i, server] of nameservers.entries())
    errors.invalidEach(`${field}.nameservers[${i}]`, server, ipFindings(server));
  if (searches.length > SEARCHES_MAX)
    errors.invalid(`${field}.searches`, searches, `must not have more than ${SEARCHES_MAX} search paths`);
  if (searches.join(' ').length > SEARCHES_LENGTH_MAX) {
    const detail = `must not have more than ${SEARCHES_LENGTH_MAX} characters (including spaces) in the search list`;
    errors.invalid(`${field}.searches`, searches, detail);
  }
  for (const [i, search] of searches.entries()) {
    // A search path may be the root and may name what starts with an underscore (KEP-4427).
    const name = search.replace(/\.$/, '').replaceAll('_', 'a');
    if (search !== '.') errors.invalidEach(`${field}.searches[${i}]`, search.replace(/\.$/, ''), subdomainName(name));
  }
  for (const [i, { name }] of options.entries()) {
    if ((name ?? '') === '') errors.required(`${field}.options[${i}]`, 'must not be empty');
  }
}

function validateNames(field: string, spec: RawPodSpec, errors: FieldErrors): void {
  const { serviceAccountName, nodeName, activeDeadlineSeconds, hostname, subdomain, schedulingGates } = spec;
  if (nodeName !== undefined && schedulingGates !== undefined)
    errors.forbidden(`${field}.nodeName`, 'cannot be set until all schedulingGates have been cleared');
  if (serviceAccountName !== undefined)
    errors.invalidEach(`${field}.serviceAccountName`, serviceAccountName, subdomainName(serviceAccountName));
  if (nodeName !== undefined) errors.invalidEach(`${field}.nodeName`, nodeName, subdomainName(nodeName));
  if (
    activeDeadlineSeconds !== undefined &&
    (activeDeadlineSeconds < 1 || activeDeadlineSeconds > DEADLINE_SECONDS_MAX)
  )
    errors.invalid(
      `${field}.activeDeadlineSeconds`,
      activeDeadlineSeconds,
      `must be between 1 and ${DEADLINE_SECONDS_MAX}, inclusive`,
    );
  if (hostname !== undefined) errors.invalidEach(`${field}.hostname`, hostname, labelName(hostname));
  if (subdomain !== undefined) errors.invalidEach(`${field}.subdomain`, subdomain, labelName(subdomain));
}

function validateTolerations(field: string, tolerations: readonly Toleration[], errors: FieldErrors): void {
  for (const [i, toleration] of tolerations.entries()) validateToleration(`${field}[${i}]`, toleration, errors);
}

function validateToleration(field: string, toleration: Toleration, errors: FieldErrors): void {
  const { key = '', operator, value = '', effect, tolerationSeconds } = toleration;
  if (key !== '') errors.invalidEach(`${field}.key`, key, qualifiedName(key));
  else if (operator !== 'Exists') {
    const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    errors.invalid(`${field}.operator`, operator ?? '', detail);
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute')
    errors.invalid(`${field}.effect`, effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set");
  if (operator === undefined || operator === 'Equal') {
    errors.invalidEach(`${field}.operator`, value, labelValue(value));
  } else if (operator === 'Exists') {
    if (value !== '') errors.invalid(`${field}.operator`, value, "value must be empty when `operator` is 'Exists'");
  } else {
    errors.notSupported(`${field}.operator`, operator, ['Equal', 'Exists']);
  }
  if (effect !== undefined && !EFFECTS.includes(effect)) errors.notSupported(`${field}.effect`, effect, EFFECTS);
}

function validateHostAliases(
  field: string,
  aliases: readonly { readonly ip: string; readonly hostnames?: readonly string[] }[],
  errors: FieldErrors,
): void {
  for (const [i, { ip, hostnames = [] }] of aliases.entries()) {
    errors.invalidEach(`${field}[${i}].ip`, ip, ipFindings(ip));
    for (const [h, name] of hostnames.entries())
      errors.invalidEach(`${field}[${i}].hostnames[${h}]`, name, subdomainName(name));
  }
}

/** Ports of one number and variables of one name are accepted, with a warning (kubernetes pkg/api/pod/warnings.go). */
export function podSpecWarnings(spec: PodSpec): readonly string[] {
  return containersOf(rawSpec(spec)).flatMap((container, i) => containerWarnings(`spec.containers[${i}]`, container));
}

function containerWarnings(field: string, container: RawContainer): string[] {
  const warnings: string[] = [];
  const ports = new Map<string, string>();
  for (const [i, port] of (container.ports ?? []).entries()) {
    const each = `${field}.ports[${i}]`;
    const hostIp = (port as Raw & typeof port)['hostIP'];
    const { name = '', hostPort = 0, containerPort, protocol } = port;
    const key = `${protocol}/${containerPort}/${hostPort}/${hostIp}`;
    const first = ports.get(key);
    if (first !== undefined) warnings.push(`${each}: duplicate port definition with ${first}`);
    else ports.set(key, each);
    if (hostIp !== undefined && hostPort === 0) {
      const shown = `{Name:${name} HostPort:0 ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIp}}`;
      warnings.push(`${each}: hostIP set without hostPort: ${shown}`);
    }
  }
  const variables = new Set<string>();
  for (const [i, { name }] of (container.env ?? []).entries()) {
    const hides = `hides previous definition of "${name}", which may be dropped when using apply`;
    if (variables.has(name)) warnings.push(`${field}.env[${i}]: ${hides}`);
    variables.add(name);
  }
  return warnings;
}
