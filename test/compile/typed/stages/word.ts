export default function word({ word, n }: { word: string; n: number }) {
  return { "word.json": { letters: word.length * n } };
}
