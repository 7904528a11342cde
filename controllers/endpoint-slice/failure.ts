/** What is said of pods that cannot be placed, and when they are tried again. */
import { type Moment, momentOf, type Pod, type Service } from '../../src/model/index.ts';
import type { Intent } from '../../src/reconcile/index.ts';

/** The controller's own back-off: 1 s doubling to 1000 s, fifteen times; then it waits for the next change. */
const RETRY_FIRST_MS = 1000;
const RETRY_LONGEST_MS = 1_000_000;
const RETRY_FOR_MS = 6_023_000;

/** A pod on a node that does not exist: said in an Event, and tried again for a while. */
export function failureOf(service: Service, nodeless: readonly Pod[], at: Moment): readonly Intent[] {
  if (nodeless.length === 0) return [];
  const sorted = nodeless.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const { namespace = '', name } = service.metadata;
  const texts = sorted.map(
    (pod) =>
      `skipping Pod ${pod.metadata.name} for Service ${namespace}/${name}: Node ${pod.spec.nodeName ?? ''} Not Found`,
  );
  const errors = texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`;
  const message = `Error updating Endpoint Slices for Service ${namespace}/${name}: ${errors}`;
  const event: Intent = {
    do: 'event',
    about: service,
    type: 'Warning',
    reason: 'FailedToUpdateEndpointSlices',
    message,
  };
  // The number of tries is not remembered; the age of the youngest such pod grows as the sum of doubling waits does.
  const ageMs = at - Math.max(...sorted.map((pod) => momentOf(pod.metadata.creationTimestamp)));
  if (ageMs > RETRY_FOR_MS) return [event];
  return [event, { do: 'again', afterMs: Math.min(Math.max(ageMs, RETRY_FIRST_MS), RETRY_LONGEST_MS) }];
}
