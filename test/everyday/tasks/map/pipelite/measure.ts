import type { Source } from "pipelite";

export default async function measure({ file }: { file: Source }) {
  return { "size.json": (await file.text()).length };
}
