/**
 * What the mock clouds of the original tests answered, and what was set there, where a case's `given` does not say it
 * (`test/conformance/data/azure-cloud-answers.json`). Where that has nothing for a case, the cloud is the emulator's own.
 */
import * as z from 'zod';
import { SyncError } from '../../../../controllers/azure/index.ts';
import RECORDED from '../../data/azure-cloud-answers.json' with { type: 'json' };
import { loadBalancerShape, publicIpShape } from './service.ts';

const refusalShape = z.union([
  z.strictObject({ error: z.string() }),
  z.strictObject({ status: z.int(), code: z.string() }),
]);
export type Refusal = z.infer<typeof refusalShape>;

const answersShape = z.strictObject({
  source: z.string(),
  /** absent where every case of the source was answered so */
  case: z.string().optional(),
  /** the lines of the original test that answer */
  mock: z.string(),
  /** the first list, the second and so on; the last one stays */
  listPublicIPs: z.array(z.union([z.array(publicIpShape), refusalShape])).optional(),
  putPublicIP: refusalShape.optional(),
  /** read back once it has been written */
  getPublicIP: publicIpShape.optional(),
  /** an address handed over, where the recording leaves it out */
  publicIP: publicIpShape.optional(),
  reconcileBackendPools: refusalShape.optional(),
  /** read back once it has been written */
  getLoadBalancer: loadBalancerShape.optional(),
  /** of the load balancer that a security group is reconciled for */
  readLoadBalancer: refusalShape.optional(),
  getSecurityGroup: refusalShape.optional(),
  putSecurityGroup: refusalShape.optional(),
  /** of load balancers by name, where the recording leaves it out */
  allowServicePlacement: z.record(z.string(), z.boolean()).optional(),
  markPendingRelease: refusalShape.optional(),
  patchSpec: refusalShape.optional(),
});
export type CloudAnswers = Omit<z.infer<typeof answersShape>, 'source' | 'case' | 'mock'>;

const { answers: ALL } = z.strictObject({ description: z.string(), answers: z.array(answersShape) }).parse(RECORDED);

/** Recordings number the cases of one file that have the same name: `shall create a new pip (2)`. */
const NUMBER = / \(\d+\)$/;

export function answersFor({ source, name }: { readonly source: string; readonly name: string }): CloudAnswers {
  const own = ALL.filter((answers) => answers.source === source);
  const named = (wanted: string | undefined) => own.find((answers) => answers.case === wanted);
  return named(name) ?? named(name.replace(NUMBER, '')) ?? named(undefined) ?? {};
}

/** A refusal as Go prints the error, which the recordings shorten where it is an azcore.ResponseError. */
export function refusalText(refusal: Refusal): string {
  return 'error' in refusal ? refusal.error : `RESPONSE ${refusal.status}: ${refusal.code}`;
}

/** Throws a `SyncError` where the call was refused. */
export function notRefused(refusal: Refusal | undefined): void {
  if (refusal !== undefined) throw new SyncError(refusalText(refusal));
}
