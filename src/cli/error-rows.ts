// Every error of every folder, joined once: for the reference page and for tests.
import type { ErrorRow } from "#base/errors.ts";
import { pipeliteError as app } from "#app/errors.ts";
import { pipeliteError as archive } from "#archive/errors.ts";
import { pipeliteError as author } from "#author/errors.ts";
import { pipeliteError as base } from "#base/base-errors.ts";
import { pipeliteError as json } from "#base/json-errors.ts";
import { pipeliteError as cache } from "#cache/errors.ts";
import { pipeliteError as cli } from "./errors.ts";
import { pipeliteError as compile } from "#compile/errors.ts";
import { pipeliteError as environment } from "#environment/errors.ts";
import { pipeliteError as engine } from "#engine/errors.ts";
import { pipeliteError as evidence } from "#evidence/errors.ts";
import { pipeliteError as exported } from "#export/errors.ts";
import { pipeliteError as formula } from "#formula/errors.ts";
import { pipeliteError as home } from "#home/errors.ts";
import { pipeliteError as history } from "#history/errors.ts";
import { pipeliteError as keys } from "#keys/errors.ts";
import { pipeliteError as nix } from "#nix/errors.ts";
import { pipeliteError as nar } from "#nix/nar-errors.ts";
import { pipeliteError as archives } from "#package/archive-errors.ts";
import { pipeliteError as packageFormats } from "#package/errors.ts";
import { pipeliteError as imageDocuments } from "#package/image-errors.ts";
import { pipeliteError as release } from "#release/errors.ts";
import { pipeliteError as report } from "#report/errors.ts";
import { pipeliteError as run } from "#run/errors.ts";
import { pipeliteError as sandbox } from "#sandbox/errors.ts";
import { pipeliteError as sbom } from "#sbom/errors.ts";
import { pipeliteError as secrets } from "#secrets/errors.ts";
import { pipeliteError as ship } from "#ship/errors.ts";
import { pipeliteError as sigstore } from "#sigstore/errors.ts";
import { pipeliteError as stats } from "#stats/errors.ts";
import { pipeliteError as store } from "#store/errors.ts";
import { pipeliteError as trees } from "#store/tree-errors.ts";
import { pipeliteError as supply } from "#supply/errors.ts";
import { pipeliteError as tlog } from "#tlog/errors.ts";

const rows = {
  ...app.rows,
  ...archive.rows,
  ...author.rows,
  ...base.rows,
  ...json.rows,
  ...cache.rows,
  ...cli.rows,
  ...compile.rows,
  ...engine.rows,
  ...environment.rows,
  ...evidence.rows,
  ...exported.rows,
  ...formula.rows,
  ...history.rows,
  ...home.rows,
  ...keys.rows,
  ...nix.rows,
  ...nar.rows,
  ...archives.rows,
  ...packageFormats.rows,
  ...imageDocuments.rows,
  ...release.rows,
  ...report.rows,
  ...run.rows,
  ...sandbox.rows,
  ...sbom.rows,
  ...secrets.rows,
  ...ship.rows,
  ...sigstore.rows,
  ...stats.rows,
  ...store.rows,
  ...trees.rows,
  ...supply.rows,
  ...tlog.rows,
};

export type ErrorCode = keyof typeof rows;

/** The rows of all errors by their codes. */
export function errorTable(): ReadonlyMap<string, Readonly<ErrorRow>> {
  return new Map(Object.entries(rows));
}
