import type { PublicCase } from "./case.ts";

/** Words for how many of the exports of one report are accepted. */
function count(cases: readonly PublicCase[], isAccepted: (one: PublicCase) => boolean): string {
  const accepted = cases.filter(isAccepted).length;
  if (accepted === 0) return "refused";
  return accepted === cases.length ? "accepted" : `${accepted} of ${cases.length} accepted`;
}

const groupOf = ({ name }: PublicCase): string =>
  name.startsWith("tutorial ") ? "tutorial" : (name.split(": ")[0] ?? name);

/** The rows of the table in docs/lean.md: one for each report, with all its mutations. */
export function reportRows(all: readonly PublicCase[]): string[][] {
  return [...Map.groupBy(all, groupOf)].map(([name, cases]) => {
    const reports = [...new Set(cases.flatMap(({ report }) => report.split(", ")))].join(", ");
    const right = count(cases, (one) => one.right === "accept");
    const ours = count(cases, (one) => one.ours === undefined);
    const said = cases.some((one) => one.right === "either") ? `either; ours: ${ours}` : right;
    return [name, reports, String(cases.length), said, count(cases, ({ nanoda }) => nanoda === "accept")];
  });
}
