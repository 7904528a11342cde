/** What a container must be. Source: kubernetes pkg/apis/core/validation/validation.go `validateContainerCommon`. */
import { type ContainerPort, compareQuantities } from '../../model/index.ts';
import type { FieldErrors } from '../field-errors.ts';
import { environmentName, labelName, portName, portNumber } from '../names.ts';
import type { RawContainer, RawEnv, RawProbe } from './raw.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const MESSAGE_POLICIES = ['FallbackToLogsOnError', 'File'];
const FIELD_PATHS =
  /^(metadata\.(name|namespace|uid)|metadata\.(labels|annotations)(\['.+'\])|spec\.(nodeName|serviceAccountName)|status\.(hostIP|hostIPs|podIP|podIPs))$/;

export function validateContainer(
  field: string,
  container: RawContainer,
  volumes: ReadonlySet<string>,
  errors: FieldErrors,
): void {
  const { name, image = '', imagePullPolicy, terminationMessagePolicy } = container;
  if (name === '') errors.required(`${field}.name`);
  else errors.invalidEach(`${field}.name`, name, labelName(name));
  if (image === '') errors.required(`${field}.image`);
  else if (image.trim() !== image)
    errors.invalid(`${field}.image`, image, 'must not have leading or trailing whitespace');
  if (!MESSAGE_POLICIES.includes(terminationMessagePolicy))
    errors.notSupported(`${field}.terminationMessagePolicy`, terminationMessagePolicy, MESSAGE_POLICIES);
  validatePorts(`${field}.ports`, container.ports ?? [], errors);
  validateEnvironment(`${field}.env`, container.env ?? [], errors);
  validateMounts(`${field}.volumeMounts`, container.volumeMounts ?? [], volumes, errors);
  if (!PULL_POLICIES.includes(imagePullPolicy))
    errors.notSupported(`${field}.imagePullPolicy`, imagePullPolicy, PULL_POLICIES);
  validateResources(`${field}.resources`, container.resources, errors);
  validateProbes(field, container, errors);
}

function validatePorts(field: string, ports: readonly ContainerPort[], errors: FieldErrors): void {
  const names = new Set<string>();
  for (const [i, { name, containerPort, hostPort, protocol }] of ports.entries()) {
    const each = `${field}[${i}]`;
    if (name !== undefined) {
      const findings = portName(name);
      errors.invalidEach(`${each}.name`, name, findings);
      if (findings.length === 0 && names.has(name)) errors.duplicate(`${each}.name`, name);
      names.add(name);
    }
    if (containerPort === 0) errors.required(`${each}.containerPort`);
    else errors.invalidEach(`${each}.containerPort`, containerPort, portNumber(containerPort));
    if (hostPort !== undefined) errors.invalidEach(`${each}.hostPort`, hostPort, portNumber(hostPort));
    if (!PROTOCOLS.includes(protocol)) errors.notSupported(`${each}.protocol`, protocol, PROTOCOLS);
  }
}

function validateEnvironment(field: string, variables: readonly RawEnv[], errors: FieldErrors): void {
  for (const [i, { name, value, valueFrom }] of variables.entries()) {
    const each = `${field}[${i}]`;
    if (name === '') errors.required(`${each}.name`);
    else errors.invalidEach(`${each}.name`, name, environmentName(name));
    if (valueFrom === undefined) continue;
    if (Object.keys(valueFrom).length === 0)
      errors.invalid(
        `${each}.valueFrom`,
        '',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      );
    const { fieldRef } = valueFrom;
    if (fieldRef !== undefined) validateFieldPath(`${each}.valueFrom.fieldRef.fieldPath`, fieldRef.fieldPath, errors);
    if (value !== undefined) errors.invalid(`${each}.valueFrom`, '', 'may not be specified when `value` is not empty');
    else if (Object.keys(valueFrom).length > 1)
      errors.invalid(`${each}.valueFrom`, '', 'may not have more than one field specified at a time');
  }
}

function validateFieldPath(field: string, path: string, errors: FieldErrors): void {
  if (path === '') errors.required(field);
  else if (!FIELD_PATHS.test(path))
    errors.invalid(field, path, `error converting fieldPath: field label not supported: ${path}`);
}

function validateMounts(
  field: string,
  mounts: readonly { readonly name: string; readonly mountPath: string }[],
  volumes: ReadonlySet<string>,
  errors: FieldErrors,
): void {
  const paths = new Set<string>();
  for (const [i, { name, mountPath }] of mounts.entries()) {
    const each = `${field}[${i}]`;
    if (name === '') errors.required(`${each}.name`);
    else if (!volumes.has(name)) errors.notFound(`${each}.name`, name);
    if (mountPath === '') errors.required(`${each}.mountPath`);
    if (paths.has(mountPath)) errors.invalid(`${each}.mountPath`, mountPath, 'must be unique');
    paths.add(mountPath);
  }
}

function validateResources(
  field: string,
  { limits = {}, requests = {} }: RawContainer['resources'],
  errors: FieldErrors,
): void {
  for (const [name, quantity] of Object.entries(limits)) {
    if (compareQuantities(quantity, '0') < 0)
      errors.invalid(`${field}.limits[${name}]`, quantity, 'must be greater than or equal to 0');
  }
  for (const [name, quantity] of Object.entries(requests)) {
    if (compareQuantities(quantity, '0') < 0)
      errors.invalid(`${field}.requests[${name}]`, quantity, 'must be greater than or equal to 0');
    const limit = limits[name];
    if (limit !== undefined && compareQuantities(quantity, limit) > 0)
      errors.invalid(`${field}.requests`, quantity, `must be less than or equal to ${name} limit of ${limit}`);
  }
}

function validateProbes(field: string, container: RawContainer, errors: FieldErrors): void {
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    const probe = container[name];
    if (probe === undefined) continue;
    validateProbe(`${field}.${name}`, probe, errors);
    const threshold = probe.successThreshold;
    if (name !== 'readinessProbe' && threshold !== 1)
      errors.invalid(`${field}.${name}.successThreshold`, threshold, 'must be 1');
  }
}

function validateProbe(field: string, probe: RawProbe, errors: FieldErrors): void {
  const { exec, grpc, httpGet, tcpSocket } = probe;
  const handlers = [exec, grpc, httpGet, tcpSocket].filter((handler) => handler !== undefined);
  if (handlers.length === 0) errors.required(field, 'must specify a handler type');
  if (handlers.length > 1) errors.forbidden(field, 'may not specify more than 1 handler type');
  const ports = { httpGet: httpGet?.port, tcpSocket: tcpSocket?.port, grpc: grpc?.port };
  for (const [handler, port] of Object.entries(ports)) {
    if (port === undefined) continue;
    const findings = typeof port === 'number' ? portNumber(port) : portName(port);
    errors.invalidEach(`${field}.${handler}.port`, port, findings);
  }
}
