import { BINDERS } from "./binders.ts";
import type { PublicCase } from "./case.ts";
import { DATA } from "./data.ts";
import { DECLARATIONS } from "./declarations.ts";
import { FAMILIES } from "./families.ts";
import { ORDERS } from "./order.ts";
import { OWN } from "./own.ts";
import { RECURSORS } from "./recursors.ts";
import { STRUCTURES } from "./structures.ts";
import { STUCK_SORTS } from "./stuck.ts";
import { TEXTS } from "./texts.ts";

export const PUBLIC: readonly PublicCase[] = [
  ...STUCK_SORTS,
  ...ORDERS,
  ...STRUCTURES,
  ...FAMILIES,
  ...RECURSORS,
  ...DECLARATIONS,
  ...BINDERS,
  ...DATA,
  ...OWN,
  ...TEXTS,
];
