/**
 * Azure Resource Manager over a store of its own. A PUT is asynchronous: `begin` checks it and stores the resource as
 * `Updating`, `finish` gives it what only Azure can give (addresses) and makes it `Succeeded` or `Failed`. How long that takes
 * is the caller's affair.
 *
 * ```text
 *   begin(call) --refused--> CloudError (400, 404, 409, 412)
 *        |
 *        +--accepted--> Operation ... finish(operation, failure?) --> Succeeded | Failed
 *                           |
 *                           +-- preempt(resource): gone, whatever was being done with it
 * ```
 *
 * Source: https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
 */
import { azure, deepFreeze } from '../model/index.ts';
import { Store } from '../store/index.ts';
import { type AddressSource, withAddresses } from './addresses.ts';
import { References } from './references.ts';
import { refusalOfDelete, refusalOfPut } from './refusals.ts';
import { identified } from './sub-resources.ts';

/** A call that ARM has accepted and works on. */
export interface Operation {
  readonly method: azure.CloudCall['method'];
  readonly resource: azure.ResourceName;
  readonly id: string;
  /** of the resource as this operation left it: with another, something more recent has happened to it */
  readonly etag: string;
}

export type BeginOutcome =
  | { readonly ok: true; readonly operation: Operation }
  | { readonly ok: false; readonly error: azure.CloudError };

export class ResourceManager implements azure.CloudView {
  /** keys: `loadbalancers` and the id in lower case */
  readonly store = new Store<azure.AzureResource>();
  readonly #addresses: AddressSource;
  readonly #references = new References();
  /** what `list` has made, until a resource of the type is written */
  readonly #lists = new Map<azure.ResourceName, readonly azure.AzureResource[]>();

  constructor(addresses: AddressSource) {
    this.#addresses = addresses;
  }

  get<N extends azure.ResourceName>(name: N, id: string): azure.ResourceOf<N> | undefined {
    return this.store.get(keyOf(name, id))?.value as azure.ResourceOf<N> | undefined;
  }

  list<N extends azure.ResourceName>(name: N): readonly azure.ResourceOf<N>[] {
    let list = this.#lists.get(name);
    if (list === undefined) this.#lists.set(name, (list = this.store.list(`${name}/`).map(({ value }) => value)));
    return list as readonly azure.ResourceOf<N>[];
  }

  /** Checks a call and, where ARM would take it, begins it. Refused calls leave no trace. */
  begin(call: azure.CloudCall): BeginOutcome {
    return call.method === 'PUT' ? this.#beginPut(call) : this.#beginDelete(call);
  }

  #beginPut({ resource, etag: wanted }: Extract<azure.CloudCall, { method: 'PUT' }>): BeginOutcome {
    const name = azure.nameOfType(resource.type);
    const before = this.get(name, resource.id);
    const error = refusalOfPut(resource, { before, etag: wanted, cloud: this });
    if (error !== undefined) return { ok: false, error };
    const etag = this.#write(name, before, withState(resource, 'Updating'));
    return { ok: true, operation: { method: 'PUT', resource: name, id: resource.id, etag } };
  }

  #beginDelete({ resource, id }: Extract<azure.CloudCall, { method: 'DELETE' }>): BeginOutcome {
    const before = this.get(resource, id);
    const error = refusalOfDelete(resource, id, before, this.#references.usersOf(id));
    if (error !== undefined) return { ok: false, error };
    const etag = this.#write(resource, before, withState(before!, 'Deleting'));
    return { ok: true, operation: { method: 'DELETE', resource, id, etag } };
  }

  /**
   * Ends an operation, and says why it failed where it did: for `failure`, or because something more recent overtook it. A
   * resource that failed stays as it was written, in state Failed, as ARM leaves it.
   */
  finish({ method, resource, id, etag }: Operation, failure?: azure.CloudError): azure.CloudError | undefined {
    const written = this.get(resource, id);
    if (written?.etag !== etag) return PREEMPTED;
    if (failure !== undefined) this.#write(resource, written, withState(written, 'Failed'));
    else if (method === 'DELETE') this.#remove(resource, written);
    else this.#write(resource, written, withState(withAddresses(written, this.#addresses), 'Succeeded'));
    return failure;
  }

  /**
   * Deletes at once what belongs to a machine that goes: the platform asks nobody, and an operation that is still on its way
   * ends as preempted. Does nothing where there is no such resource.
   */
  preempt(resource: azure.ResourceName, id: string): void {
    const before = this.get(resource, id);
    if (before !== undefined) this.#remove(resource, before);
  }

  #remove(resource: azure.ResourceName, before: azure.AzureResource): void {
    this.#addresses.release(before);
    this.#references.replace(before, undefined);
    this.#lists.delete(resource);
    this.store.delete(keyOf(resource, before.id));
  }

  /** Returns the etag that the resource has now. */
  #write(name: azure.ResourceName, before: azure.AzureResource | undefined, after: azure.AzureResource): string {
    const etag = etagOf(this.store.revision + 1);
    const resource = deepFreeze(identified(name, after, etag));
    this.#references.replace(before, resource);
    if (before !== undefined) this.#addresses.release(before, resource);
    this.#lists.delete(name);
    this.store.put(keyOf(name, resource.id), resource);
    return etag;
  }
}

/** Code and words: https://github.com/kubernetes/autoscaler/pull/9505 and what cloud-provider-azure looks for (pull 5926). */
const PREEMPTED: azure.CloudError = {
  status: 409,
  code: 'OperationPreempted',
  message: 'Operation execution has been preempted by a more recent operation.',
};

function keyOf(name: azure.ResourceName, id: string): string {
  return `${name}/${id.toLowerCase()}`;
}

function withState<R extends azure.AzureResource>(resource: R, provisioningState: azure.ProvisioningState): R {
  return { ...resource, properties: { ...resource.properties, provisioningState } };
}

/** ARM's etags are weak and hold a GUID; ours counts the store's revisions. */
function etagOf(revision: number): string {
  return `W/"00000000-0000-0000-0000-${revision.toString(16).padStart(12, '0')}"`;
}
