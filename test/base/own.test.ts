// Names that come from elsewhere are looked up in tables of ours: what every object has is in none of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readKey } from "#app/sign.ts";
import { isPipeliteError } from "#base/errors.ts";
import { own } from "#base/own.ts";
import { formatQuantity } from "#base/quantities.ts";
import { compressionOf } from "#package/oci.ts";
import { toneOf } from "#report/report-parts.ts";
import { readSecrets } from "#secrets/sources.ts";
import { debianLicence } from "#sbom/licence.ts";

const NAMES = ["constructor", "toString", "hasOwnProperty", "__proto__", "valueOf"];

for (const name of NAMES)
  test(`${name} is a name like others`, () => {
    assert.equal(own<unknown>({}, name), undefined);
    assert.deepEqual(formatQuantity(2, name), ["2", name]);
    assert.equal(toneOf(name), "doubt");
    assert.throws(() => compressionOf({ mediaType: name, sha256: "", size: 0 }), /are not known/);
    assert.throws(
      () => readKey({ from: "environment", variable: name, passphraseFile: undefined }, {}),
      (error) => isPipeliteError(error, "SIGNING_VARIABLE_EMPTY"),
    );
    const copyright = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/";
    const licence = debianLicence(`${copyright}\n\nFiles: *\nLicense: ${name}\n`);
    assert.equal(typeof licence?.expression, "string");
    const { found } = readSecrets({ names: [name], sources: {}, env: {} });
    assert.deepEqual(found, [{ name, from: "environment", status: "absent" }]);
  });
