// Printed names of people. Two names that a reader takes for one name are one person: they are compared by the skeletons of
// Unicode Technical Standard 39 (section 4, data of Unicode 13), in whatever case they are written. A name that mixes
// scripts, or holds what nobody sees, is refused.
import { visibleText } from "#base/escape.ts";
import { pipeliteError } from "./errors.ts";
import { skeleton } from "./skeleton.ts";

/** The recommended scripts of Unicode Standard Annex 31, table 5. */
const SCRIPTS =
  "Arabic Armenian Bengali Bopomofo Cyrillic Devanagari Ethiopic Georgian Greek Gujarati Gurmukhi Han Hangul Hebrew Hiragana Kannada Katakana Khmer Lao Latin Malayalam Myanmar Oriya Sinhala Tamil Telugu Thaana Thai Tibetan"
    .split(" ")
    .map((name) => ({ name, pattern: new RegExp(`\\p{Script_Extensions=${name}}`, "u") }));

/** Scripts that one language writes together (UTS 39, highly restrictive). */
const TOGETHER = [
  ["Latin", "Han", "Hiragana", "Katakana"],
  ["Latin", "Han", "Bopomofo"],
  ["Latin", "Han", "Hangul"],
];

const NAME_LENGTH_MAX = 200;

/** @throws SIGNER_INVALID */
export function checkName(name: string): void {
  const problem = nameProblem(name);
  if (problem !== undefined) throw pipeliteError("SIGNER_INVALID", { name: visibleText(name), problem });
}

/** Why a text is no printed name of a person; undefined when it is one. */
export function nameProblem(name: string): string | undefined {
  if (name === "") return "it is empty";
  if (name.length > NAME_LENGTH_MAX) return `it is longer than ${NAME_LENGTH_MAX} characters`;
  if (/[\p{C}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]/u.test(name))
    return "it holds a character that nobody sees";
  if (/[^\P{Z} ]|^ | $| {2}/u.test(name)) return "its words must stand apart by one plain space";
  if (/(\p{Mn})\1|\p{Mn}{4}/u.test(name.normalize("NFD")))
    return "it holds a mark that is drawn over another of its kind";
  if (name !== name.normalize("NFKC")) return "it holds a character that stands for another one";
  if (!/^[\p{L}\p{M}\p{N} .,'’·()-]+$/u.test(name) || !/\p{L}/u.test(name))
    return "it must be made of letters, digits and . , ' · ( ) -";
  return scriptProblem(name);
}

/** A letter may be of several scripts: the name is good when one script, or one that goes together, has all its letters. */
function scriptProblem(name: string): string | undefined {
  const letters = name.match(/[^\p{Script=Common}\p{Script=Inherited}]/gu) ?? [];
  const scriptsOf = letters.map((letter) =>
    SCRIPTS.filter(({ pattern }) => pattern.test(letter)).map((script) => script.name),
  );
  const unknown = letters[scriptsOf.findIndex((scripts) => scripts.length === 0)];
  if (unknown !== undefined) return `'${unknown}' is of a script that names are not compared in`;
  const allowed = [...SCRIPTS.map((script) => [script.name]), ...TOGETHER];
  const isWhole = allowed.some((set) =>
    scriptsOf.every((scripts) => scripts.some((each) => set.includes(each))),
  );
  return isWhole ? undefined : "it mixes letters of several scripts";
}

/** True when people would read two names as the same one. */
export function looksLike(a: string, b: string): boolean {
  const other = looksOf(b);
  return looksOf(a).some((look, index) => look === other[index]);
}

/** What a name looks like, as it is written, in small letters and in capitals: two names that share one of them look alike. */
export function looksOf(name: string): [asWritten: string, small: string, capital: string] {
  const plain = name.normalize("NFKC");
  return [skeleton(name), skeleton(plain.toLowerCase()), skeleton(plain.toUpperCase())];
}
