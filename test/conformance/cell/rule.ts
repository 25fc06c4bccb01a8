import type { CellDriver } from "./cell-under-test.js";

/** Declares one case, which each cell must pass; the suite counts them. */
export type Rule = (title: string, act: () => Promise<void>) => void;

/** A group of cases, for one driver. */
export type Cases = (driver: CellDriver, rule: Rule) => void;
