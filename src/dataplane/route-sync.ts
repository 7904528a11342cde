/** What cloud-controller-manager keeps in mind of the cluster's route table. */
import type { azure, Moment } from '../model/index.ts';

export interface RouteSync {
  /** the table as it was last read, and when; undefined where it is to be read anew */
  readonly read?: { readonly table: azure.RouteTable | undefined; readonly at: Moment };
  /** since when changes wait to be written, or are */
  readonly since?: Moment;
  /** before this Azure, which has refused a write, is not asked again */
  readonly retryAt?: Moment;
  /** the changes have been sent; once they have been taken, `until`: when they will have taken effect */
  readonly written?: { readonly until?: Moment };
}
