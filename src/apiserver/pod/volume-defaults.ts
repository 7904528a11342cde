/** What a volume has where its author said nothing. Source: kubernetes pkg/apis/core/v1/defaults.go. */
import type { Raw, RawVolume } from './raw.ts';

const FILE_MODE = 0o644;
const TOKEN_EXPIRATION_SECONDS = 3600;
const MODED_SOURCES = ['configMap', 'secret', 'downwardAPI', 'projected'];

export function completeVolume(volume: RawVolume): RawVolume {
  const source = Object.keys(volume).find((name) => name !== 'name');
  if (source === undefined) return { ...volume, emptyDir: {} };
  const described = volume[source] as Raw;
  return { ...volume, [source]: completeSource(source, described) };
}

function completeSource(name: string, source: Raw): Raw {
  if (name === 'hostPath') return { ...source, type: source['type'] ?? '' };
  if (!MODED_SOURCES.includes(name)) return source;
  const complete =
    name === 'downwardAPI' ? completeItems(source) : name === 'projected' ? completeProjected(source) : source;
  return { ...complete, defaultMode: source['defaultMode'] ?? FILE_MODE };
}

function completeItems(source: Raw): Raw {
  const items = source['items'] as readonly Raw[] | undefined;
  if (items === undefined) return source;
  const complete = (item: Raw): Raw =>
    item['fieldRef'] === undefined ? item : { ...item, fieldRef: { apiVersion: 'v1', ...(item['fieldRef'] as Raw) } };
  return { ...source, items: items.map(complete) };
}

function completeProjected(source: Raw): Raw {
  const sources = source['sources'] as readonly Raw[] | null;
  return { ...source, sources: sources?.map(completeProjection) ?? null };
}

function completeProjection(projection: Raw): Raw {
  const { downwardAPI, serviceAccountToken } = projection as { downwardAPI?: Raw; serviceAccountToken?: Raw };
  if (downwardAPI !== undefined) return { ...projection, downwardAPI: completeItems(downwardAPI) };
  if (serviceAccountToken === undefined) return projection;
  const expirationSeconds = serviceAccountToken['expirationSeconds'] ?? TOKEN_EXPIRATION_SECONDS;
  return { ...projection, serviceAccountToken: { ...serviceAccountToken, expirationSeconds } };
}
