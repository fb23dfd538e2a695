// The file that says what a folder of links made by `each` is. Apart from how items are read, since every stage loads this.

/** In a folder of what `each` made: the names of the links in it, in the order of the list. */
export const LIST_FILE = ".each.json";

export interface ListEntry {
  name: string;
  /** It is such a folder itself. */
  isList?: true;
}
