/** How a script names what is in Azure: `nsg/aks-agentpool-nsg`, or a part of it, `nsg/aks-agentpool-nsg/securityRules/my-rule`. */
import type { CloudChange } from '../emulator/index.ts';
import { azure } from '../model/index.ts';
import { suggestion } from './spelling.ts';

type CloudPath = CloudChange['path'];

/** What the text names, or one sentence on why it names nothing. */
export function parseCloudPath(text: string): CloudPath | string {
  const [kind = '', name = '', collection, part, ...rest] = text.split('/');
  if (!azure.isResourceName(kind))
    return `no resource of Azure is named ${JSON.stringify(kind)}${suggestion(kind, azure.RESOURCE_NAMES)}`;
  const isPart =
    collection !== undefined && collection !== '' && part !== undefined && part !== '' && rest.length === 0;
  if (name === '' || (collection !== undefined && !isPart))
    return `${JSON.stringify(text)} is not TYPE/NAME or TYPE/NAME/COLLECTION/NAME, such as lb/kubernetes/probes/web`;
  return collection === undefined ? { kind, name } : { kind, name, part: { collection, name: part! } };
}

/** As `parseCloudPath`, for text that was checked before. */
export function cloudPathOf(text: string): CloudPath {
  const path = parseCloudPath(text);
  if (typeof path === 'string') throw new Error(path);
  return path;
}

export function formatCloudPath({ kind, name, part }: CloudPath): string {
  return part === undefined ? `${kind}/${name}` : `${kind}/${name}/${part.collection}/${part.name}`;
}
