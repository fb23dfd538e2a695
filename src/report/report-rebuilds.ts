// How often the outputs were built again, and what came of it.
import type { DocumentInput } from "#standards/input.ts";
import { identifier } from "#standards/facts.ts";
import { all, type Html } from "./markup.ts";
import { mark, table, type Section } from "./report-parts.ts";

/** @returns undefined where nothing was rebuilt */
export function rebuildsSection({ rebuilds = [] }: DocumentInput): Section | undefined {
  if (rebuilds.length === 0) return undefined;
  const rows = rebuilds.map(({ stage, status, same, builds, engines, machines, keys, varied }, index) => {
    const show = (value: string | number, member: string) =>
      mark(identifier(String(value), `rebuilds#/${index}/${member}`));
    return [
      show(stage, "stage"),
      show(status, "status"),
      show(same, "same"),
      show(builds, "builds"),
      show(engines.join(", "), "engines"),
      show(machines, "machines"),
      show(keys.length, "keys/length"),
      show(varied.join(", "), "varied"),
    ];
  });
  const uncounted = rebuilds.flatMap(({ uncounted: of = [] }, at) =>
    of.map(({ stage, file, keyId, problem }, index) =>
      Object.entries({ stage, file, keyId, problem }).map(([member, value]) =>
        mark(identifier(value, `rebuilds#/${at}/uncounted/${index}/${member}`)),
      ),
    ),
  );
  return {
    id: "rebuilds",
    title: "Rebuilds",
    lead:
      "Counted from signed statements in the log of the home that verify. Machines are told apart by the word of who signed, " +
      "homes by their keys.",
    body: all([
      table(
        "Outputs of this run that were built again",
        [
          { head: "Stage", isHead: true },
          { head: "Status" },
          { head: "Same bytes", isNumber: true },
          { head: "Builds", isNumber: true },
          { head: "Engines" },
          { head: "Machines", isNumber: true },
          { head: "Homes", isNumber: true },
          { head: "The same with other" },
        ],
        rows,
      ),
      ...(uncounted.length === 0 ? [] : [uncountedTable(uncounted)]),
    ]),
  };
}

function uncountedTable(rows: Html[][]): Html {
  return table(
    "Statements that count for nothing",
    [{ head: "Stage", isHead: true }, { head: "File" }, { head: "Signed by" }, { head: "Why" }],
    rows,
  );
}
