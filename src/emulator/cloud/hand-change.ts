/** What somebody does to Azure by hand, in the portal or with `az`: a resource, or one part of it, written or deleted. */
import { azure, CLUSTER_SCOPE, LOCATION } from '../../model/index.ts';
import { NoSuchTargetError } from '../traffic.ts';

export interface CloudChange {
  readonly path: {
    readonly kind: azure.ResourceName;
    readonly name: string;
    readonly part?: { readonly collection: string; readonly name: string };
  };
  /** `properties` and whatever else ARM takes; undefined deletes */
  readonly body: object | undefined;
}

type Parts = readonly azure.SubResource<object>[] | undefined;

/** The call that a change by hand makes. Throws a `NoSuchTargetError` where what it names is not there. */
export function callOf({ path, body }: CloudChange, cloud: azure.CloudView): azure.CloudCall {
  const { kind, name, part } = path;
  const id = azure.resourceId(CLUSTER_SCOPE, azure.RESOURCE_TYPES[kind], name);
  const before = cloud.get(kind, id);
  if (part === undefined && body !== undefined) {
    const resource = { location: LOCATION, properties: {}, ...body, type: azure.RESOURCE_TYPES[kind], id, name };
    return { method: 'PUT', resource: resource as azure.AzureResource };
  }
  if (before === undefined) throw new NoSuchTargetError(`Azure has no ${kind} named ${name}`);
  if (part === undefined) return { method: 'DELETE', resource: kind, id };
  return { method: 'PUT', resource: withPart(before, part, body) };
}

function withPart(
  before: azure.AzureResource,
  { collection, name }: NonNullable<CloudChange['path']['part']>,
  body: object | undefined,
): azure.AzureResource {
  const parts = (before.properties as Readonly<Record<string, Parts>>)[collection] ?? [];
  const others = parts.filter((part) => !azure.sameId(part.name, name));
  if (body === undefined && others.length === parts.length)
    throw new NoSuchTargetError(`${before.name} has no ${name} in its ${collection}`);
  const after = body === undefined ? others : [...others, { properties: {}, ...body, name }];
  return { ...before, properties: { ...before.properties, [collection]: after } } as azure.AzureResource;
}
