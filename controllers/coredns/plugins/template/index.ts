/** template: answers by pattern, with records made of what the pattern matched. Source: CoreDNS plugin/template. */
import { type DnsRecord, formatAddress } from '../../../../src/model/index.ts';
import { replyTo } from '../../message.ts';
import type { DnsContext, DnsReply, DnsRequest, Plugin } from '../../plugin.ts';
import { inZone, zoneOf } from '../../zones.ts';
import { readTemplate, type Template } from './options.ts';
import { parseRecordLine } from './record-line.ts';
import { type TemplateData, type TemplateText, TemplateTextError } from './text.ts';

/** What matched; or whether the next template, or plugin, is asked. */
function tried(template: Template, request: DnsRequest, context: DnsContext): TemplateData | 'passed' | 'failed' {
  const { lowerName, type } = request;
  const zone = zoneOf(lowerName, template.zones);
  if (zone === undefined) return 'passed';
  if (template.class !== 'ANY' && request.class !== 'ANY' && template.class !== request.class) return 'passed';
  if (template.type !== 'ANY' && type !== 'ANY' && template.type !== type) return 'passed';
  for (const { pattern, text } of template.patterns) {
    const match = pattern.exec(lowerName);
    if (match === null) continue;
    return {
      zone,
      name: lowerName,
      regex: text,
      class: request.class === 'ANY' ? template.class : request.class,
      type: type === 'ANY' ? template.type : type,
      remote: formatAddress(context.client),
      match,
      meta: (label) => request.metadata?.(label) ?? '',
    };
  }
  return template.fallthrough.some((other) => inZone(lowerName, other)) ? 'passed' : 'failed';
}

/** Throws a `TemplateTextError` where a text makes no record of this query. */
function recordsOf(texts: readonly TemplateText[], data: TemplateData): readonly DnsRecord[] {
  return texts.map((text) => {
    const line = text(data);
    const record = parseRecordLine(line);
    if (record === undefined) throw new TemplateTextError(`dns: bad record: "${line}"`);
    return record;
  });
}

/** An alias in the answer to a query for addresses is followed by what it leads to, asked of the server itself. */
function withTargets(answers: readonly DnsRecord[], { type, lookup }: DnsRequest) {
  const followed: DnsRecord[] = [];
  let truncated = false;
  for (const answer of answers) {
    followed.push(answer);
    if (answer.type !== 'CNAME' || (type !== 'A' && type !== 'AAAA')) continue;
    const found = lookup(answer.data, type);
    if (found === undefined) continue;
    followed.push(...found.answers);
    truncated = found.truncated;
  }
  return { answers: followed, truncated };
}

function answered(template: Template, data: TemplateData, request: DnsRequest): DnsReply {
  if (template.rcode === 'SERVFAIL') return 'SERVFAIL';
  try {
    return replyTo(request, template.rcode, {
      ...withTargets(recordsOf(template.answers, data), request),
      additionals: recordsOf(template.additionals, data),
      authorities: recordsOf(template.authorities, data),
    });
  } catch (error) {
    if (error instanceof TemplateTextError) return { failed: 'SERVFAIL', error: error.message };
    throw error;
  }
}

export const template: Plugin = {
  name: 'template',
  setup(directives, setup) {
    const templates = directives.map((directive) => readTemplate(directive, setup));
    return {
      handler: (next) => (request, context) => {
        for (const one of templates) {
          const data = tried(one, request, context);
          if (data === 'failed') return 'SERVFAIL';
          if (data !== 'passed') return answered(one, data, request);
        }
        return next(request, context);
      },
    };
  },
};
