import { groupField, textField } from "./fields.ts";

/** The group `tenancy`. */
export const tenancyField = groupField({
  budget: textField(
    "File of the accounts: budgets, members, floors, weights. Relative paths start at the folder of this file.",
  ),
}).describe("A budget that several services share, see docs/tenants.md. Left out: no one shares.");
