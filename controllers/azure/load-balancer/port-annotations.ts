/** Annotations that concern one port: `service.beta.kubernetes.io/port_80_health-probe_interval`, and numbers in annotations. */
import type { Service } from '../../../src/model/index.ts';
import { annotationOf, isTrue } from '../annotations.ts';
import { SyncError } from '../sync-error.ts';

export type ProbeParameter = 'protocol' | 'port' | 'interval' | 'num-of-probe' | 'request-path';

function portKey(port: number, parameter: string): string {
  return `service.beta.kubernetes.io/port_${port}_${parameter}`;
}

export function probeKey(port: number, parameter: ProbeParameter): string {
  return portKey(port, `health-probe_${parameter}`);
}

export function hasNoRule(service: Service, port: number): boolean {
  return isTrue(service, portKey(port, 'no_lb_rule'));
}

export function hasNoProbe(service: Service, port: number): boolean {
  return isTrue(service, portKey(port, 'no_probe_rule'));
}

/**
 * A whole number. `complaint` says what is wrong with one; the words around it are Go's strconv's and those of
 * cloud-provider-azure pkg/consts/helpers.go.
 */
export function numberIn(
  service: Service,
  key: string,
  complaint: (value: number) => string | undefined,
): number | undefined {
  const text = annotationOf(service, key)?.trim();
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^[+-]?\d+$/.test(text)) throw notANumber(text, 'invalid syntax');
  if (value < -(2 ** 31) || value >= 2 ** 31) throw notANumber(text, 'value out of range');
  const wrong = complaint(value);
  if (wrong !== undefined) throw new SyncError(`error parsing value: ${wrong}`);
  return value;
}

function notANumber(text: string, why: string): SyncError {
  const parsing = `strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`;
  return new SyncError(`error value: ${parsing}: ${text} value must be a whole number`);
}

/** Puts a place before what a `SyncError` says. */
export function within<T>(place: string, find: () => T): T {
  try {
    return find();
  } catch (error) {
    if (error instanceof SyncError) throw new SyncError(`${place}${error.message}`);
    throw error;
  }
}
