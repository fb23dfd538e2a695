// What is written into a root about what became of it.

/** Relative to the root. */
export const NOTES_FILE = ".pipelite.json";

/** How many entries of an image lost what a store path can't keep. */
export interface Dropped {
  /** Entries of others than root. */
  owners: number;
  /** Set-user-id and set-group-id bits. */
  setId: number;
  /** Entries with extended attributes, file capabilities among them. */
  attributes: number;
  /** Devices and pipes: they are not there. */
  devices: number;
  /** Files and links below what is mounted over when it is entered (/tmp, /root ...): they are not there. */
  hidden: number;
}

/** Package -> how many of its files are not the same each time a root is made of it. */
export type Varying = Readonly<Record<string, number>>;
