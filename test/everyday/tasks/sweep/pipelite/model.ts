export default function model({ a, b }: { a: number; b: number }) {
  return { "score.json": { a, b, score: (a * 7 + b * 3) % 31 } };
}
