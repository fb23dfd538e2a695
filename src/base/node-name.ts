// Names of stages, results and all else that stands in the graph of a pipeline: they become parts of file names, of names of
// store paths, and members of JSON objects.

export function isNodeName(name: string): boolean {
  return /^[0-9a-zA-Z+_?=-][0-9a-zA-Z+._?=-]{0,99}$/.test(name) && name !== "__proto__";
}
