import { expect, test } from 'vitest';
import { numberOfAddress, type VirtualServer } from '../../dataplane/index.ts';
import { type Address, addressOf, formatEndpoint, TCP } from '../../model/index.ts';
import { BOUND, DestinationRows, IDLE, NOTHING, ROW_WORDS, SETS, TURNS } from './destination-rows.ts';

const ADDRESS = numberOfAddress(addressOf('10.96.0.1'));
const KEY_OF_HTTP = (80 << 8) | TCP;
const KEY_OF_HTTPS = (443 << 8) | TCP;

function server(port: number, realAddresses: readonly Address[], weight = 1): VirtualServer {
  const realServers = realAddresses.map(
    (address) =>
      [
        formatEndpoint(address, 8080),
        { address, port: 8080, weight, activeConnections: 0, inactiveConnections: 0 },
      ] as const,
  );
  const at = { address: addressOf('10.96.0.1'), port, protocol: TCP } as const;
  return { ...at, scheduler: 'rr', flags: 0, timeoutSeconds: 0, realServers: new Map(realServers) };
}

const REAL = ['10.244.0.5', '10.244.1.6'].map(addressOf);

test('ports of an address are found from any that came after them', () => {
  const rows = new DestinationRows();
  expect(rows.at(ADDRESS)).toBe(NOTHING);
  const alone = rows.addAddress(ADDRESS, true);
  const http = rows.addServer(ADDRESS, KEY_OF_HTTP, 6, server(80, REAL));
  const https = rows.addServer(ADDRESS, KEY_OF_HTTPS, 2, server(443, []));
  expect(rows.at(ADDRESS)).toBe(https);
  expect(rows.among(https, KEY_OF_HTTP)).toBe(http);
  expect(rows.among(http, KEY_OF_HTTPS)).toBe(NOTHING);
  const { words } = rows;
  expect([alone, http, https].map((row) => words[row + BOUND])).toEqual([1, 1, 1]);
  expect([alone, http, https].map((row) => words[row + SETS])).toEqual([0, 6, 2]);
  expect(rows.server(https).port).toBe(443);
});

test('a row holds real servers that take turns, but not where one takes no connections', () => {
  const rows = new DestinationRows();
  rows.addAddress(ADDRESS, true);
  const plain = rows.addServer(ADDRESS, KEY_OF_HTTP, 0, server(80, REAL));
  const weightless = rows.addServer(ADDRESS, KEY_OF_HTTPS, 0, server(443, REAL, 0));
  expect(rows.words[plain + TURNS]).toBe(2);
  const first = plain + ROW_WORDS;
  expect([...rows.words.subarray(first, first + 4)]).toEqual(REAL.flatMap((real) => [numberOfAddress(real), 8080]));
  expect(rows.words[weightless + TURNS]).toBe(0);
});

test('what was forgotten can be read by who has kept it, until so much was that it is worth beginning anew', () => {
  const rows = new DestinationRows();
  rows.addAddress(ADDRESS, true);
  const kept = rows.addServer(ADDRESS, KEY_OF_HTTP, 6, server(80, REAL));
  rows.forget(ADDRESS);
  expect(rows.at(ADDRESS)).toBe(NOTHING);
  expect(rows.isWorn).toBe(false);
  for (let time = 0; !rows.isWorn; time++) {
    expect(time).toBeLessThan(1000);
    rows.addAddress(ADDRESS, true);
    rows.forget(ADDRESS);
  }
  expect(rows.words[kept + SETS]).toBe(6);
  expect(rows.server(kept).realServers.size).toBe(2);
});

test('addresses with nothing are remembered', () => {
  const rows = new DestinationRows();
  for (let page = 0; page < 300; page++) rows.addIdle(ADDRESS + 256 * page);
  for (let page = 0; page < 300; page++) expect(rows.at(ADDRESS + 256 * page)).toBe(IDLE);
  expect(rows.at(ADDRESS + 1)).toBe(NOTHING);
  rows.forget(ADDRESS);
  expect(rows.at(ADDRESS)).toBe(NOTHING);
});
