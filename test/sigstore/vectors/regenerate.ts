// `node test/sigstore/vectors/regenerate.ts`: the golden bundle, by a key that is thrown away.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { signStatement, writeBundle, writePublicKey } from "#sigstore/index.ts";
import { generateKey } from "#keys/key-file.ts";
import type { SigningKey } from "#sigstore/index.ts";
import { STATEMENT } from "../rig.ts";

// Both alphabets of base64 can be told apart by it.
let [key, text] = next();
while (!/"sig": "[^"]*[+/]/.test(text)) [key, text] = next();
writeFileSync(join(import.meta.dirname, "statement.sigstore.json"), text);
writeFileSync(join(import.meta.dirname, "statement.pub"), writePublicKey(key.publicKey));

function next(): [SigningKey, string] {
  const made = generateKey();
  return [made, writeBundle(signStatement(STATEMENT, made))];
}
