// Skeletons of Unicode Technical Standard 39. A file of its own, since its table of 6,000 characters is loaded when a name is compared
// with another (tools/core.ts): most runs compare none.
import unhomoglyph from "unhomoglyph";

/** The dot of a letter that has one already, and the line that makes an Arabic word longer: the table says nothing of them. */
const NOT_SEEN = /(?<=\p{Soft_Dotted})\u0307|\u0640/gu;

/** UTS 39: decomposed, each character by its prototype, decomposed again. The library leaves `I` and `|` as they are. */
export function skeleton(name: string): string {
  const bare = name
    .normalize("NFD")
    .replaceAll(/[\p{Default_Ignorable_Code_Point}]/gu, "")
    .replaceAll(NOT_SEEN, "");
  return unhomoglyph(bare).replaceAll(/[I|]/g, "l").replaceAll(/\s+/gu, " ").normalize("NFD");
}
