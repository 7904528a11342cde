/** ConfigMaps. Source: kubernetes pkg/apis/core/validation/validation.go `ValidateConfigMap`. */
import type { ConfigMap } from '../model/index.ts';
import type { FieldErrors } from './field-errors.ts';
import { byteLength } from './metadata.ts';
import { configKey, subdomainName } from './names.ts';
import { deepEqual } from './sharing.ts';
import type { Strategy } from './strategy.ts';

const SIZE_BYTES_MAX = 1024 * 1024;
const IMMUTABLE = 'field is immutable when `immutable` is set';

export const CONFIG_MAP_STRATEGY: Strategy<'ConfigMap'> = {
  nameRule: subdomainName,
  validate,
  validateUpdate(configMap, before, errors) {
    if (before.immutable === true) {
      if (configMap.immutable !== true) errors.forbidden('immutable', IMMUTABLE);
      if (!deepEqual(configMap.data, before.data)) errors.forbidden('data', IMMUTABLE);
      if (!deepEqual(configMap.binaryData, before.binaryData)) errors.forbidden('binaryData', IMMUTABLE);
    }
    validate(configMap, errors);
  },
};

function validate({ data = {}, binaryData = {} }: ConfigMap, errors: FieldErrors): void {
  let bytes = 0;
  for (const key of Object.keys(data).sort()) {
    errors.invalidEach(`data[${key}]`, key, configKey(key));
    if (binaryData[key] !== undefined) errors.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData');
    bytes += byteLength(data[key]!);
  }
  for (const key of Object.keys(binaryData).sort()) {
    errors.invalidEach(`binaryData[${key}]`, key, configKey(key));
    // Base64 writes three bytes in four characters, the last group filled up with `=`.
    bytes += (binaryData[key]!.length / 4) * 3 - (/=*$/.exec(binaryData[key]!)?.[0].length ?? 0);
  }
  if (bytes > SIZE_BYTES_MAX) errors.tooLong('', SIZE_BYTES_MAX);
}
