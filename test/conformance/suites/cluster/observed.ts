/**
 * Objects as the apiserver returns them, in a form that two runs of the same cluster share: without what is new in every
 * run, and without orders that the real controller leaves to chance.
 */

type Json = Readonly<Record<string, unknown>>;

/** What each run makes anew. Whether a deletion or an annotation with a time is there is compared, the time itself is not. */
const NEW_IN_EACH_RUN = ['uid', 'resourceVersion', 'generation', 'managedFields', 'creationTimestamp'] as const;
const TIMES: readonly string[] = ['deletionTimestamp', 'endpoints.kubernetes.io/last-change-trigger-time'];
/** kubectl's own note of what was applied last: the recording was made without kubectl. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const MANAGER_LABEL = 'endpointslice.kubernetes.io/managed-by';
const CONTROLLER = 'endpointslice-controller.k8s.io';
const FIVE_CHARACTERS = '?????';

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function without(object: Json, members: readonly string[]): Json {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !members.includes(name)));
}

function timesBlotted(object: Json): Json {
  const blotted = (name: string, value: unknown) =>
    TIMES.includes(name) && typeof value === 'string' && TIMESTAMP.test(value) ? '<time>' : value;
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, blotted(name, value)]));
}

function normalMetadata(metadata: Json): Json {
  const annotations = without(timesBlotted(asObject(metadata['annotations'])), [LAST_APPLIED]);
  const rest = without(timesBlotted(metadata), [...NEW_IN_EACH_RUN, 'annotations']);
  const owners = asList(metadata['ownerReferences']).map((owner) => without(asObject(owner), ['uid']));
  return {
    ...rest,
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(owners.length === 0 ? {} : { ownerReferences: owners }),
  };
}

/** A Pod or Service, without the type that a list's items lack. */
export function normalObject(object: object): Json {
  const json = asObject(object);
  return { ...without(json, ['apiVersion', 'kind']), metadata: normalMetadata(asObject(json['metadata'])) };
}

/** `namespace/name`, to tell which object of the one run is which of the other. */
export function nameOf(object: object): string {
  const metadata = asObject(asObject(object)['metadata']);
  return `${metadata['namespace']}/${metadata['name']}`;
}

/** The uid of a target in the same run, spelled as such: a wrong one must not pass for right. */
function normalEndpoint(endpoint: unknown, uids: ReadonlyMap<string, string> | undefined): Json {
  const json = asObject(endpoint);
  if (json['targetRef'] === undefined) return json;
  const target = asObject(json['targetRef']);
  const pod = `${target['namespace']}/${target['name']}`;
  const isRight = uids === undefined ? typeof target['uid'] === 'string' : uids.get(pod) === target['uid'];
  return { ...json, targetRef: { ...target, uid: isRight ? '<uid of that pod>' : target['uid'] } };
}

function normalName(metadata: Json): unknown {
  const { name, generateName } = metadata as { readonly name?: unknown; readonly generateName?: unknown };
  if (typeof name !== 'string' || typeof generateName !== 'string') return name;
  const isGenerated = name.startsWith(generateName) && /^[a-z0-9]{5}$/.test(name.slice(generateName.length));
  return isGenerated ? `${generateName}${FIVE_CHARACTERS}` : name;
}

function byText(a: unknown, b: unknown): number {
  const [textOfA, textOfB] = [JSON.stringify(a), JSON.stringify(b)];
  return textOfA < textOfB ? -1 : textOfA > textOfB ? 1 : 0;
}

/** JSON with members in the order of their names: equal values, equal text. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, canonical(member)]));
}

interface Frame {
  readonly frame: unknown;
  readonly sizes: number[];
  readonly endpoints: unknown[];
}

/**
 * EndpointSlices by name. Those that the endpoint slice controller writes are gathered by all that they say but their
 * endpoints: how many slices of which sizes there are, and the endpoints of all of them as a set.
 *
 * It is a set because the controller takes new endpoints out of a Go map (`EndpointSet.PopAny`), so that neither their
 * order nor which of them share a slice is the same in two runs of the real program. The order of ports is decided by a
 * hash and is compared, and so is everything about slices that others have written.
 *
 * @param uids the run's own pods' uids by `namespace/name`; undefined for a recording, which left the pods' uids out
 */
export function normalSlices(slices: readonly object[], uids?: ReadonlyMap<string, string>): Json {
  const normal: Record<string, unknown> = {};
  const frames = new Map<string, Frame>();
  for (const slice of slices) {
    const { endpoints, ...rest } = normalObject(slice);
    const metadata = asObject(rest['metadata']);
    const list = asList(endpoints).map((endpoint) => normalEndpoint(endpoint, uids));
    if (asObject(metadata['labels'])[MANAGER_LABEL] !== CONTROLLER) {
      normal[nameOf(slice)] = { ...rest, endpoints: endpoints === null ? null : list };
      continue;
    }
    const frame = canonical({ ...rest, metadata: { ...metadata, name: normalName(metadata) } });
    const gathered = frames.get(JSON.stringify(frame)) ?? { frame, sizes: [], endpoints: [] };
    gathered.sizes.push(list.length);
    gathered.endpoints.push(...list.map(canonical));
    frames.set(JSON.stringify(frame), gathered);
  }
  for (const { frame, sizes, endpoints } of [...frames.values()].sort((a, b) => byText(a.frame, b.frame))) {
    const name = nameOf(frame as object);
    const gathered = { ...(frame as Json), sizes: sizes.sort((a, b) => b - a), endpoints: endpoints.sort(byText) };
    normal[name] = [...asList(normal[name]), gathered];
  }
  return normal;
}
