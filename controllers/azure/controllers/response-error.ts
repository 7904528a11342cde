/** A refusal of Azure's as its clients print it (azure-sdk-for-go sdk/azcore, ResponseError). */
import { azure } from '../../../src/model/index.ts';

const RULER = '-'.repeat(80);
const REASONS: Readonly<Record<azure.CloudError['status'], string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  409: 'Conflict',
  412: 'Precondition Failed',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
};

export function responseErrorText(call: azure.CloudCall, { status, code, message }: azure.CloudError): string {
  const body = JSON.stringify({ error: { code, message } }, undefined, 2);
  return [
    `${call.method} https://management.azure.com${azure.idOfCall(call)}`,
    RULER,
    `RESPONSE ${status}: ${status} ${REASONS[status]}`,
    `ERROR CODE: ${code}`,
    RULER,
    body,
    RULER,
  ].join('\n');
}
