// What of a root of packages would differ each time is made the same, or is named.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { cleanRoot, sortedListing } from "#environment/debian/clean-root.ts";
import { varyingIn } from "#environment/debian/varying.ts";
import { rootClaims } from "#evidence/root-claims.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-varying-"));
after(() => rmSync(folder, { recursive: true }));

function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
}

const HEAD = "% ls-R -- filename database for kpathsea; do not change this line.";

test("a listing of folders is the same in whatever order they were made", () => {
  const one = `${HEAD}\n\n./:\n.:\nweb2c\nls-R\ntex\n\n./web2c:\nb.fmt\nb.log\na.fmt\n\n./tex:\n\n`;
  const other = `${HEAD}\n\n./:\n.:\ntex\nls-R\nweb2c\n\n./tex:\n\n./web2c:\na.fmt\nb.log\nb.fmt\n`;
  assert.equal(sortedListing(one), sortedListing(other));
  assert.equal(
    sortedListing(one),
    `${HEAD}\n\n./:\n.:\nls-R\ntex\nweb2c\n\n./tex:\n\n./web2c:\na.fmt\nb.fmt\n`,
  );
});

test("the listing of TeX in a root is sorted", () => {
  const root = join(folder, "listed");
  write(root, { "var/lib/texmf/ls-R": `${HEAD}\n\n./:\nb\na\n`, "var/lib/texmf/web2c/a.log": "x" });
  cleanRoot(root, 0);
  assert.equal(readFileSync(join(root, "var/lib/texmf/ls-R"), "utf8"), `${HEAD}\n\n./:\na\nb\n`);
});

test("formats that differ each time are named with their package, the others are not", () => {
  const root = join(folder, "tex");
  const names = ["luatex/optex", "luahbtex/lualatex", "tex/tex", "pdftex/latex", "luatex/luatex"];
  write(root, Object.fromEntries(names.map((name) => [`var/lib/texmf/web2c/${name}.fmt`, "x"])));
  assert.deepEqual(
    [...varyingIn(root)],
    [
      [
        "texlive-binaries",
        ["luahbtex/lualatex", "luatex/luatex", "luatex/optex", "tex/tex"].map(
          (name) => `var/lib/texmf/web2c/${name}.fmt`,
        ),
      ],
    ],
  );
  assert.deepEqual([...varyingIn(join(folder, "nowhere"))], []);
});

test("and are figures of the record", () => {
  const root = join(folder, "noted");
  write(root, { ".pipelite.json": '{"varying":{"texlive-binaries":7}}\n' });
  const stage = { kind: "environment", name: "tex", outPath: "/nix/store/x-tex" } as const;
  const [claim, ...more] = rootClaims(stage as never, () => root);
  assert.deepEqual(more, []);
  assert.deepEqual(
    [claim?.id, claim?.value, claim?.statement, claim?.evidence],
    [
      "tex/varying/texlive-binaries",
      7,
      "Files of the package texlive-binaries that are not the same each time, in tex",
      ["/nix/store/x-tex/.pipelite.json#/varying/texlive-binaries"],
    ],
  );
});
