export default function words() {
  return { "words.json": [{ word: "one", n: 1 }], "notes.txt": "text" };
}
