/** Whether what a step gave is what its script expects. Each expectation is one sentence, met or not. */
import type { AksRefusal, ResolveResult, SendResult } from '../emulator/index.ts';
import { type Key, type Kind, type KubernetesObject, matchesLabels, splitKey } from '../model/index.ts';
import { chiSquareProbability } from './chi-square.ts';
import { formatDuration, parseDurationMs } from './duration.ts';
import type { SentSummary } from './entry.ts';
import { formatReference, parseReference } from './reference.ts';
import { parseShare, type ResolveStep, type SendStep } from './schema.ts';

export interface Checked {
  readonly met: boolean;
  readonly text: string;
}

/** Looks an object up, to see whose pod it is. */
export type Lookup = (kind: Kind, key: Key) => KubernetesObject | undefined;

function same(what: string, expected: unknown, actual: unknown): Checked {
  return judged(what, expected, actual, expected === actual);
}

function judged(what: string, expected: unknown, actual: unknown, met: boolean): Checked {
  return { met, text: met ? `${what} ${shown(expected)}` : `${what} ${shown(expected)}, but found ${shown(actual)}` };
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  return Array.isArray(value) ? `[${value.map(shown).join(', ')}]` : String(value);
}

export function checkResolved({ expect }: ResolveStep, result: ResolveResult): readonly Checked[] {
  const checks: Checked[] = [];
  if (expect?.rcode !== undefined) checks.push(same('rcode', expect.rcode, result.rcode));
  if (expect?.addresses !== undefined) {
    // Answers come shuffled (CoreDNS' loadbalance plugin), so their order says nothing.
    const [expected, actual] = [[...expect.addresses].sort(), [...result.addresses].sort()];
    checks.push(judged('addresses', expected, actual, expected.join() === actual.join()));
  }
  if (expect?.queries !== undefined) checks.push(same('queries', expect.queries, result.exchanges.length));
  if (expect?.took !== undefined) {
    const met = parseDurationMs(expect.took) === result.tookMs;
    checks.push(judged('took', expect.took, formatDuration(result.tookMs), met));
  }
  if (expect?.answeredName !== undefined)
    checks.push(same('answered name', withDot(expect.answeredName), withDot(result.answeredName ?? '')));
  return checks;
}

const withDot = (name: string) => (name.endsWith('.') ? name : `${name}.`);

/** Checks of every single connection. */
export function checkSent({ expect }: SendStep, result: SendResult, lookup: Lookup): readonly Checked[] {
  if (expect === undefined) return [];
  const checks: Checked[] = [];
  if (expect.outcome !== undefined) checks.push(same('outcome', expect.outcome, result.outcome));
  if (expect.delivered !== undefined) {
    const expected = listOf(expect.delivered);
    const met = expected.some((target) => isDeliveredTo(target, result.deliveredTo, lookup));
    checks.push(judged('delivered', expected.join(' or '), result.deliveredTo, met));
  }
  if (expect.sourceSeen !== undefined) {
    const expected = listOf(expect.sourceSeen);
    const met = expected.some((address) => isAddress(address, result.sourceSeen));
    checks.push(judged('source seen', expected.join(' or '), result.sourceSeen, met));
  }
  if (expect.answeredFrom !== undefined)
    checks.push(
      judged(
        'answered from',
        expect.answeredFrom,
        result.answeredFrom,
        isAddress(expect.answeredFrom, result.answeredFrom),
      ),
    );
  if (expect.httpStatus !== undefined) checks.push(same('HTTP status', expect.httpStatus, result.httpStatus));
  if (expect.reason !== undefined) {
    // Where a packet did not arrive, that is the reason that was meant, not the arrival of the ICMP error about it.
    const failed = result.traces.find(({ verdict }) => verdict.verdict !== 'delivered');
    const reason = (failed ?? result.traces.at(-1))?.verdict.reason;
    checks.push(judged('reason', expect.reason, reason, reason?.includes(expect.reason) === true));
  }
  return checks;
}

const listOf = (value: string | readonly string[]) => (typeof value === 'string' ? [value] : value);

/** An address alone stands for any port of it. */
function isAddress(expected: string, actual: string | undefined): boolean {
  return (
    actual === expected || actual?.startsWith(`${expected}:`) === true || actual?.startsWith(`[${expected}]:`) === true
  );
}

/** `pod/a`, `node/n`, `vm/v`, `external/ADDRESS`, `deployment/d` (any pod of it), `service/s` (any pod that it selects) or labels such as `app=my-api`. */
function isDeliveredTo(target: string, host: string | undefined, lookup: Lookup): boolean {
  if (host === undefined) return false;
  if (target.startsWith('vm/') || target.startsWith('external/')) return target === host;
  const pod = host.startsWith('pod/') ? lookup('Pod', host.slice('pod/'.length)) : undefined;
  if (target.includes('=')) return pod !== undefined && matchesLabels(labelsOf(target), pod.metadata.labels);
  const reference = parseReference(target);
  if (typeof reference === 'string') return false;
  if (reference.kind === 'Service') return pod !== undefined && isSelected(lookup(reference.kind, reference.key), pod);
  if (reference.kind === 'Pod' || reference.kind === 'Node') return formatReference(reference) === host;
  return pod !== undefined && isOwnedBy(pod, reference.kind, reference.key, lookup);
}

function labelsOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(text.split(',').map((pair) => pair.split('=', 2) as [string, string]));
}

function isSelected(service: KubernetesObject | undefined, pod: KubernetesObject): boolean {
  const selector = service?.kind === 'Service' ? service.spec.selector : undefined;
  const together = service?.metadata.namespace === pod.metadata.namespace;
  return selector !== undefined && together && matchesLabels(selector, pod.metadata.labels);
}

function isOwnedBy(object: KubernetesObject, kind: Kind, key: Key, lookup: Lookup): boolean {
  const { namespace, name } = splitKey(key);
  if (object.metadata.namespace !== namespace) return false;
  return (object.metadata.ownerReferences ?? []).some((owner) => {
    if (owner.kind === kind && owner.name === name) return true;
    const parent = lookup(owner.kind as Kind, `${namespace}/${owner.name}`);
    return parent !== undefined && isOwnedBy(parent, kind, key, lookup);
  });
}

const CHI_SQUARE_DEFAULT = 0.001;

/** Checks of all the connections together: each receiver's share, by a chi-square test. */
export function checkShares({ request, tally }: SentSummary): readonly Checked[] {
  const { shares, chiSquareAbove = CHI_SQUARE_DEFAULT } = request.expect ?? {};
  if (shares === undefined) return [];
  const counts = new Map(tally);
  const expected = Object.entries(shares).map(([target, share]) => ({
    host: hostOf(target),
    share: parseShare(share)!,
  }));
  const others = tally.map(([host]) => host).filter((host) => !expected.some((one) => one.host === host));
  if (others.length > 0)
    return [
      {
        met: false,
        text: `shares of ${expected.map(({ host }) => host).join(', ')}, but ${others.join(', ')} answered too`,
      },
    ];
  const probability = chiSquareProbability(
    expected.map(({ host, share }) => ({ observed: counts.get(host) ?? 0, share })),
  );
  return [
    judged('chi-square probability above', chiSquareAbove, probability.toPrecision(3), probability > chiSquareAbove),
  ];
}

function hostOf(target: string): string {
  const reference = parseReference(target);
  return typeof reference === 'string' ? target : formatReference(reference);
}

/** AKS must have refused, with this code, and with this text in its message. */
export function checkRefused(
  expect: { readonly code: string; readonly message?: string | undefined },
  refusal: AksRefusal | undefined,
): Checked {
  const { code, message = '' } = expect;
  const met = refusal?.code === code && refusal.message.includes(message);
  if (met) return { met, text: `refused, ${refusal.code}: ${refusal.message}` };
  const found = refusal === undefined ? 'it was done' : `found ${refusal.code}: ${refusal.message}`;
  return { met, text: `refused, ${code}${message === '' ? '' : `: ${message}`}, but ${found}` };
}
