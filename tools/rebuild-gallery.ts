// Writes the table of docs/rebuild.md: what `rebuild` says of each stage of examples/irreproducible, from a run of it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { causeText } from "#cli/rebuild-text.ts";
import { GALLERY, rebuildGallery } from "../test/rebuild/gallery.ts";

const PAGE = join(import.meta.dirname, "../docs/rebuild.md");
const [BEGIN, END] = ["<!-- gallery -->", "<!-- end of gallery -->"];

const { outputs } = await rebuildGallery((stage) => console.log(stage));
const rows = outputs.map(({ stage, status, attempts, causes }) => {
  const shownBy = causes.map(({ by }) =>
    by.includes("itself") ? "nothing need be varied" : by.join(" and "),
  );
  const said = causes.map(causeText).join("; also ");
  return `| \`${stage}\` | ${GALLERY[stage]?.why ?? "nothing"} | ${shownBy.join("; ") || "none"} | ${status} | ${said || `${attempts.length} builds gave the same bytes`} |`;
});
const head = [
  "| stage | what its output holds | variation that shows it | status | what `rebuild` said |",
  "| --- | --- | --- | --- | --- |",
];
const page = readFileSync(PAGE, "utf8");
const before = page.slice(0, page.indexOf(BEGIN) + BEGIN.length);
writeFileSync(PAGE, `${before}\n\n${[...head, ...rows].join("\n")}\n\n${page.slice(page.indexOf(END))}`);
