/** The Services and Azure objects of the recordings, whose tests name only what they look at; the rest is filled in. */
import * as z from 'zod';
import type { azure, Service } from '../../../../src/model/index.ts';

const recordedService = z.looseObject({
  metadata: z.looseObject({}).optional(),
  spec: z.looseObject({}).optional(),
  status: z.looseObject({}).optional(),
});

/** What the Go tests call a Service; `undefined` where they pass none. */
export const serviceShape = recordedService.transform((recorded) => serviceOf(recorded));

function serviceOf({ metadata, spec, status }: z.infer<typeof recordedService>): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: '', uid: '', resourceVersion: '1', creationTimestamp: '', ...metadata },
    spec: { type: 'LoadBalancer', sessionAffinity: 'None', ...spec },
    status: { loadBalancer: {}, ...status },
  } as Service;
}

export const securityRulesShape = z.array(z.looseObject({ name: z.string() })).transform((rules) => {
  return rules as unknown as readonly azure.SecurityRule[];
});
