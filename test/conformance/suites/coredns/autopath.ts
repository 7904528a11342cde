/** Which names autopath walks the search path for, and what its block sets. */
import { z } from 'zod';
import {
  type Directive,
  endsInFirst,
  type PluginSetup,
  readAutopathOptions,
} from '../../../../controllers/coredns/index.ts';
import { compared, type Outcome } from './outcome.ts';
import { common } from './recording.ts';

const matchShape = z.strictObject({
  ...common,
  qname: z.string(),
  search: z.array(z.string()),
  expect: z.strictObject({ server_side_search: z.boolean() }),
});

export function replayAutopathMatch(json: unknown): Outcome {
  const { id, qname, search, expect } = matchShape.parse(json);
  return compared(expect, { server_side_search: endsInFirst(qname.toLowerCase(), search) }, `${id}.expect`);
}

export function autopathSettings(directives: readonly Directive[], setup: PluginSetup) {
  const { zones, plugin, search } = readAutopathOptions(directives, setup);
  return { zones, search_from_plugin: plugin, search };
}
