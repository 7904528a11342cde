/** What a container has where its author said nothing. Source: kubernetes pkg/apis/core/v1/defaults.go. */
import { type ContainerPort, withFields } from '../../model/index.ts';
import type { RawContainer, RawEnv, RawProbe } from './raw.ts';

export function completeContainer(container: RawContainer): RawContainer {
  const complete: { -readonly [F in keyof RawContainer]: RawContainer[F] } = withFields(container, {
    terminationMessagePath: container.terminationMessagePath ?? '/dev/termination-log',
    terminationMessagePolicy: container.terminationMessagePolicy ?? 'File',
    imagePullPolicy: container.imagePullPolicy ?? pullPolicyOf(container.image ?? ''),
  });
  if (container.ports !== undefined) complete.ports = container.ports.map(completePort);
  if (container.env !== undefined) complete.env = container.env.map(completeEnv);
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    const probe = container[name];
    if (probe !== undefined) complete[name] = completeProbe(probe);
  }
  if (container.lifecycle !== undefined) complete.lifecycle = completeLifecycle(container.lifecycle);
  return complete;
}

/** An image without a tag means `latest`, which is pulled every time; one with a digest never changes. */
function pullPolicyOf(image: string): string {
  if (image.includes('@')) return 'IfNotPresent';
  const name = image.slice(image.lastIndexOf('/') + 1);
  const colon = name.indexOf(':');
  return colon < 0 || name.slice(colon + 1) === 'latest' ? 'Always' : 'IfNotPresent';
}

function completePort(port: ContainerPort): ContainerPort {
  return port.protocol === undefined ? withFields(port as ContainerPort, { protocol: 'TCP' }) : port;
}

function completeEnv(env: RawEnv): RawEnv {
  const fieldRef = env.valueFrom?.fieldRef;
  if (fieldRef === undefined || fieldRef.apiVersion !== undefined) return env;
  return { ...env, valueFrom: { ...env.valueFrom, fieldRef: { apiVersion: 'v1', ...fieldRef } } };
}

function completeProbe(probe: RawProbe): RawProbe {
  return {
    ...completeHandler(probe),
    timeoutSeconds: probe.timeoutSeconds ?? 1,
    periodSeconds: probe.periodSeconds ?? 10,
    successThreshold: probe.successThreshold ?? 1,
    failureThreshold: probe.failureThreshold ?? 3,
  };
}

function completeHandler(handler: RawProbe): RawProbe {
  const { httpGet, grpc } = handler;
  return {
    ...handler,
    ...(httpGet === undefined
      ? {}
      : { httpGet: { ...httpGet, path: httpGet.path ?? '/', scheme: httpGet.scheme ?? 'HTTP' } }),
    ...(grpc === undefined ? {} : { grpc: { ...grpc, service: grpc.service ?? '' } }),
  };
}

function completeLifecycle(lifecycle: NonNullable<RawContainer['lifecycle']>): NonNullable<RawContainer['lifecycle']> {
  const { postStart, preStop } = lifecycle;
  return {
    ...lifecycle,
    ...(postStart === undefined ? {} : { postStart: completeHandler(postStart) }),
    ...(preStop === undefined ? {} : { preStop: completeHandler(preStop) }),
  };
}
