/** One thing that is tried end to end; `problem` is what went wrong, in a few words. */
export interface Check {
  readonly title: string;
  readonly problem?: string;
}
