/** template: answers by pattern. Fixed codes only, as AKS uses it; records from templates come later. Source: CoreDNS plugin/template. */
import type { Rcode } from '../../../src/model/index.ts';
import { CorefileError, wrongArguments } from '../corefile/error.ts';
import type { Directive } from '../corefile/parse.ts';
import { replyTo } from '../message.ts';
import type { DnsRequest, Plugin, PluginSetup } from '../plugin.ts';
import { inZone, originsOf, zoneOf } from '../zones.ts';
import { argumentsOf, fallthroughOf, patternOf, unknownOption } from './options.ts';

interface Template {
  readonly zones: readonly string[];
  readonly type: string;
  readonly patterns: readonly RegExp[];
  readonly rcode: Rcode;
  readonly fallthrough: readonly string[];
}

const RCODES: readonly string[] = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'] satisfies Rcode[];

function readTemplate({ name, arguments: found, block = [] }: Directive, setup: PluginSetup): Template {
  const [queryClass, type, ...zones] = found;
  if (queryClass === undefined || type === undefined) throw wrongArguments(found.at(-1) ?? name);
  if (queryClass.text !== 'IN' && queryClass.text !== 'ANY') {
    throw new CorefileError(queryClass, `invalid query class ${queryClass.text}`);
  }
  if (!/^[A-Z]+\d*$/.test(type.text)) throw new CorefileError(type, `invalid RR class ${type.text}`);
  const patterns: RegExp[] = [];
  let rcode: Rcode = 'NOERROR';
  let passed: readonly string[] = [];
  for (const line of block) {
    switch (line.option.text) {
      case 'match':
        for (const token of argumentsOf(line, 1, Number.POSITIVE_INFINITY)) patterns.push(patternOf(token));
        break;
      case 'rcode': {
        const code = argumentsOf(line, 1, Number.POSITIVE_INFINITY)[0]!;
        if (!RCODES.includes(code.text)) throw new CorefileError(code, `unknown rcode ${code.text}`);
        rcode = code.text as Rcode;
        break;
      }
      case 'fallthrough':
        passed = fallthroughOf(line);
        break;
      case 'answer':
      case 'additional':
      case 'authority':
        throw new CorefileError(line.option, `plugin/template: option '${line.option.text}' is not emulated yet`);
      default:
        throw unknownOption(line);
    }
  }
  const names = zones.map((token) => token.text);
  return { zones: originsOf(names, setup.zones), type: type.text, patterns, rcode, fallthrough: passed };
}

/** `passed` is whether the next template, or plugin, is asked where this one does not match. */
function tried(template: Template, { lowerName, type }: DnsRequest): 'matched' | 'passed' | 'failed' {
  if (zoneOf(lowerName, template.zones) === undefined) return 'passed';
  if (template.type !== 'ANY' && type !== 'ANY' && template.type !== type) return 'passed';
  if (template.patterns.length === 0 || template.patterns.some((pattern) => pattern.test(lowerName))) return 'matched';
  return template.fallthrough.some((zone) => inZone(lowerName, zone)) ? 'passed' : 'failed';
}

export const template: Plugin = {
  name: 'template',
  setup(directives, setup) {
    const templates = directives.map((directive) => readTemplate(directive, setup));
    return {
      handler: (next) => (request, context) => {
        for (const one of templates) {
          const outcome = tried(one, request);
          if (outcome === 'failed') return 'SERVFAIL';
          if (outcome === 'matched') return one.rcode === 'SERVFAIL' ? 'SERVFAIL' : replyTo(request, one.rcode);
        }
        return next(request, context);
      },
    };
  },
};
