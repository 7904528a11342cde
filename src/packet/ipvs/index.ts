/** IPVS as it balances: which real server a new connection goes to. Changes no table. */

export { type Client, FRESH_STATE, type Scheduled, type SchedulerState, schedule } from './scheduler.ts';
export { ConnectionCounter, IpvsTable } from './table.ts';
