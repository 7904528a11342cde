/** template: answers by pattern, with records made of what the pattern matched. Source: CoreDNS plugin/template. */
import { type DnsRecord, formatAddress } from '../../../../src/model/index.ts';
import { replyTo } from '../../message.ts';
import type { MetricSample } from '../../metrics.ts';
import { type DnsContext, type DnsReply, type DnsRequest, type Plugin, serverIn } from '../../plugin.ts';
import { inZone, zoneOf } from '../../zones.ts';
import { TemplateMemory, templateMetrics } from './metrics.ts';
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

/** A template that has matched a query, and where what comes of it is counted. */
interface Matched {
  readonly template: Template;
  readonly data: TemplateData;
  readonly labels: MetricSample['labels'];
  readonly memory: TemplateMemory;
}

type Section = 'answer' | 'additional' | 'authority';

/** Throws a `TemplateTextError` where the text makes no record of this query. */
function recordOf({ source, fill }: TemplateText, section: Section, { data, labels, memory }: Matched): DnsRecord {
  let line: string;
  try {
    line = fill(data);
  } catch (error) {
    memory.textFailures.add({ ...labels, section, template: source });
    throw error;
  }
  const record = parseRecordLine(line);
  if (record !== undefined) return record;
  memory.recordFailures.add({ ...labels, section, template: source });
  throw new TemplateTextError(`dns: bad record: "${line}"`);
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

function answered(matched: Matched, request: DnsRequest): DnsReply {
  const { template, memory, labels } = matched;
  memory.matches.add(labels);
  if (template.rcode === 'SERVFAIL') return 'SERVFAIL';
  const recordsOf = (texts: readonly TemplateText[], section: Section) =>
    texts.map((text) => recordOf(text, section, matched));
  try {
    return replyTo(request, template.rcode, {
      ...withTargets(recordsOf(template.answers, 'answer'), request),
      additionals: recordsOf(template.additionals, 'additional'),
      authorities: recordsOf(template.authorities, 'authority'),
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
      remember: () => new TemplateMemory(),
      metrics: (memory) => templateMetrics(memory as TemplateMemory),
      handler: (next, memory) => (request, context) => {
        for (const one of templates) {
          const data = tried(one, request, context);
          if (data === 'failed') return 'SERVFAIL';
          if (data === 'passed') continue;
          const labels = { server: serverIn(context), zone: data.zone, view: '', class: data.class, type: data.type };
          return answered({ template: one, data, labels, memory: memory() as TemplateMemory }, request);
        }
        return next(request, context);
      },
    };
  },
};
