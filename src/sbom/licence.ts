// Licences as packages state them, as expressions of SPDX. Words that SPDX has no name for are kept under a reference
// (`LicenseRef-...`): nothing is guessed from them.
import { own } from "#base/own.ts";
import parse from "spdx-expression-parse";
import { hexDigestOf } from "#base/digest.ts";
import type { Licence } from "./bom.ts";
import { cleanText } from "./text.ts";

const EXPRESSION_MAX = 1000;
const NAME_MAX = 200;
/** More different ones than any package has. */
const LICENCES_MAX = 64;

/** A licence as somebody wrote it: an expression of SPDX, or any words. */
export function licenceOf(written: unknown): Licence | undefined {
  const text = cleanText(written, EXPRESSION_MAX);
  if (text === undefined || /^(unknown|none|noassertion)$/i.test(text)) return undefined;
  if (isExpression(text)) return { expression: text, refs: {} };
  const name = cleanText(text, NAME_MAX) ?? text;
  const ref = referenceTo(name);
  return { expression: ref, refs: { [ref]: name } };
}

/** References to texts that stand in the package would lead nowhere in another document. */
function isExpression(text: string): boolean {
  if (/Ref-/.test(text)) return false;
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

function referenceTo(name: string): string {
  const plain = name.replaceAll(/[^0-9A-Za-z.]+/g, "-").replaceAll(/^-+|-+$/g, "");
  const isSame = plain === name && name.length <= REFERENCE_MAX;
  return isSame
    ? `LicenseRef-${name}`
    : `LicenseRef-${plain.slice(0, REFERENCE_MAX)}-${hexDigestOf(name).slice(0, 8)}`;
}

const REFERENCE_MAX = 40;

/** Several that hold together, or of which one is to be chosen. */
export function joinLicences(licences: readonly Licence[], word: "AND" | "OR"): Licence | undefined {
  const all = [...new Map(licences.map((each) => [each.expression, each])).values()];
  const [first, ...more] = all;
  if (first === undefined || more.length === 0) return first;
  if (all.length > LICENCES_MAX) return undefined;
  const expressions = all.map(({ expression }) => (/\s/.test(expression) ? `(${expression})` : expression));
  return {
    expression: expressions.toSorted().join(` ${word} `),
    refs: Object.assign({}, ...all.map(({ refs }) => refs)) as Record<string, string>,
  };
}

/** Short names of Debian (copyright format 1.0) that SPDX has under another. */
const DEBIAN: Readonly<Record<string, string>> = {
  expat: "MIT",
  zlib: "Zlib",
  "bsd-2-clause": "BSD-2-Clause",
  "bsd-3-clause": "BSD-3-Clause",
  "bsd-4-clause": "BSD-4-Clause",
};

/** Families whose names have a version in Debian, and a word behind it in SPDX. */
const VERSIONED = /^(GPL|LGPL|AGPL|GFDL)-(\d+(?:\.\d+)*?)(?:\.0)*(\+?)$/i;

/** One short name of the field `License` of a copyright file of Debian. */
function debianName(name: string): string {
  const known = own(DEBIAN, name.toLowerCase());
  if (known !== undefined) return known;
  const [, family = "", version = "", later = ""] = VERSIONED.exec(name) ?? [];
  if (family === "") return name;
  const full = version.includes(".") ? version : `${version}.0`;
  return `${family.toUpperCase()}-${full}-${later === "+" ? "or-later" : "only"}`;
}

/**
 * The licences of a package of Debian, from its copyright file where that is in the form that machines read
 * (https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/): those of all its files.
 */
export function debianLicence(copyright: string): Licence | undefined {
  const [head = "", ...stanzas] = copyright.replaceAll("\r\n", "\n").split(/\n[ \t]*\n/);
  if (!/^Format:\s*\S*copyright-format/im.test(head)) return undefined;
  const lines = stanzas.flatMap((stanza) =>
    // A stanza with a licence alone is the text of one.
    /^Files:/im.test(stanza) ? (/^License:[ \t]*(.*)$/im.exec(stanza)?.[1] ?? []) : [],
  );
  const found = [...new Set(lines)].flatMap((line) => debianLine(line) ?? []);
  return joinLicences(found, "AND");
}

/** `GPL-2+ or Expat`, `GPL-2+ and MPL-1.1`; a line that has both, or words, is one licence as it stands. */
function debianLine(line: string): Licence | undefined {
  for (const [separator, word] of [
    [/ or /i, "OR"],
    [/ and /i, "AND"],
  ] as const) {
    const parts = line.split(separator);
    if (parts.length < 2 || parts.some((part) => /\s/.test(part.trim()))) continue;
    return joinLicences(
      parts.flatMap((part) => licenceOf(debianName(part.trim())) ?? []),
      word,
    );
  }
  return licenceOf(debianName(line.trim()));
}
