/** A stage takes what pipeline.ts gives it and returns its files. */
export default function names({ whom }: { whom: string }) {
  return { "names.txt": `hello, ${whom}\nand hello, Monster\n` };
}
