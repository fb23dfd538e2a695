// The public data sets that R ships, judged here and by R: moments, sigma, indices, tests and bounds, each figure by R's own
// functions or by its definition written in R.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { chartIndividuals, chartMeansAndDeviations, chartMeansAndRanges } from "#stats/charts.ts";
import { judgeCapability } from "#stats/gate.ts";
import { exactOneSidedBound } from "#stats/indices.ts";
import { autocorrelationOf, deviationOf, meanOf, medianOf, quantileOf } from "#stats/moments.ts";
import { andersonDarling, shapiroWilk } from "#stats/normality.ts";
import { estimateSigma, type SigmaMethod } from "#stats/sigma.ts";
import { peer } from "../rig/peer.ts";
import { assertDigits } from "./rig.ts";

/** Name, the values and what they are grouped by: subgroups of equal and of different sizes. */
const DATA: readonly (readonly [name: string, values: string, by: string])[] = [
  ["AirPassengers", "AirPassengers", "rep(1:12, each = 12)"],
  ["BJsales", "BJsales", "rep(1:30, each = 5)"],
  ["CO2", "CO2$uptake", "as.integer(CO2$Plant)"],
  ["ChickWeight", "ChickWeight$weight", "as.integer(as.character(ChickWeight$Chick))"],
  ["DNase", "DNase$density", "as.integer(as.character(DNase$Run))"],
  ["Indometh", "Indometh$conc", "as.integer(as.character(Indometh$Subject))"],
  ["InsectSprays", "InsectSprays$count", "as.integer(InsectSprays$spray)"],
  ["LakeHuron", "LakeHuron", "rep(1:14, each = 7)"],
  ["Loblolly", "Loblolly$height", "as.integer(as.character(Loblolly$Seed))"],
  ["Nile", "Nile", "rep(1:25, each = 4)"],
  ["OrchardSprays", "OrchardSprays$decrease", "as.integer(OrchardSprays$treatment)"],
  ["PlantGrowth", "PlantGrowth$weight", "as.integer(PlantGrowth$group)"],
  ["Puromycin", "Puromycin$rate", "as.integer(Puromycin$state)"],
  ["ToothGrowth", "ToothGrowth$len", "as.integer(interaction(ToothGrowth$supp, ToothGrowth$dose))"],
  ["airquality", "airquality$Temp", "airquality$Month"],
  ["faithful", "faithful$eruptions", "rep(1:68, each = 4)"],
  ["iris", "iris$Sepal.Length", "as.integer(iris$Species)"],
  ["lh", "lh", "rep(1:8, each = 6)"],
  ["morley", "morley$Speed", "morley$Expt"],
  ["mtcars", "mtcars$mpg", "mtcars$cyl"],
  ["nhtemp", "nhtemp", "rep(1:6, each = 10)"],
  ["quakes", "quakes$mag", "quakes$stations %/% 30"],
  ["stackloss", "stackloss$stack.loss", "stackloss$Air.Flow %/% 20"],
  ["swiss", "swiss$Fertility", "swiss$Catholic %/% 34"],
  ["trees", "trees$Volume", "trees$Height %/% 12"],
  ["warpbreaks", "warpbreaks$breaks", "as.integer(warpbreaks$tension) + 10 * as.integer(warpbreaks$wool)"],
];

const SCRIPT = `
# Tippett's integrals: of one less the chances that all values are below, or all above; and of pairs of places.
d2 <- function(n) 2 * integrate(function(x) 1 - pnorm(x)^n - pnorm(-x)^n, 0, 9, rel.tol = 1e-12)$value
inner <- function(y, n) integrate(function(x) 1 - pnorm(y)^n - pnorm(-x)^n + (pnorm(y) - pnorm(x))^n, -9, y, rel.tol = 1e-10)$value
second <- function(n) 2 * integrate(function(y) sapply(y, inner, n = n), -9, 9, rel.tol = 1e-10)$value
known <- list()
d3 <- function(n) {
  key <- as.character(n)
  if (is.null(known[[key]])) known[[key]] <<- sqrt(second(n) - d2(n)^2)
  known[[key]]
}
c4 <- function(n) sqrt(2 / (n - 1)) * exp(lgamma(n / 2) - lgamma((n - 1) / 2))
# R's pt is not exact for a noncentrality above 37.6, so by its definition: P(T > t) = E pnorm(delta - t S).
upper_t <- function(t, df, delta) {
  f <- function(s) pnorm(delta - t * s) * dchisq(df * s^2, df) * 2 * df * s
  reach <- 9 / sqrt(2 * df)
  integrate(f, max(0, 1 - reach), 1 + reach, rel.tol = 1e-11, subdivisions = 1000)$value
}
bound <- function(value, n) {
  f <- function(delta) upper_t(value * 3 * sqrt(n), n - 1, delta) - 0.05
  uniroot(f, c(-5, value * 3 * sqrt(n) + 5), tol = 1e-12)$root / (3 * sqrt(n))
}
darling <- function(x) {
  n <- length(x); z <- sort((x - mean(x)) / sd(x)); i <- seq_len(n)
  -n - mean((2 * i - 1) * (pnorm(z, log.p = TRUE) + pnorm(rev(z), lower.tail = FALSE, log.p = TRUE)))
}
say <- function(name, v) cat(name, sprintf("%.17g", as.numeric(v)), "\\n")
judge <- function(name, x, by) {
  x <- as.numeric(x); n <- length(x); m <- mean(x); s <- sd(x)
  # Limits that are not symmetric around the mean.
  lsl <- signif(m - 4 * s, 3); usl <- signif(m + 3.3 * s, 3)
  groups <- split(x, factor(by, levels = unique(by)))
  several <- groups[lengths(groups) > 1]
  k <- lengths(several); v <- sapply(several, var); r <- sapply(several, function(g) diff(range(g)))
  sizes <- sapply(k, d2); spreads <- sapply(k, d3); c <- sapply(k, c4)
  wr <- (sizes / spreads)^2; ws <- c^2 / (1 - c^2)
  mr <- mean(abs(diff(x))) * sqrt(pi) / 2
  sp <- sqrt(sum((k - 1) * v) / sum(k - 1))
  sr <- sum(wr * r / sizes) / sum(wr); ss <- sum(ws * sqrt(v) / c) / sum(ws)
  cpk <- function(s) min(usl - m, m - lsl) / (3 * s)
  bissell <- function(value, df) value - qnorm(0.95) * sqrt(1 / (9 * n) + value^2 / (2 * df))
  test <- shapiro.test(x)
  say("name", 0); cat(name, "\\n")
  say("values", x); say("by", by); say("limits", c(lsl, usl))
  say("moments", c(m, s, median(x), acf(x, 1, plot = FALSE)$acf[2], quantile(x, c(0.00135, 0.99865), type = 6), quantile(x, 0.75)))
  say("sigma", c(mr, median(abs(diff(x))) / (sqrt(2) * qnorm(0.75)), sp, sp / c4(sum(k - 1) + 1), sr, ss))
  say("tests", c(unlist(test[c("statistic", "p.value")]), darling(x)))
  say("indices", c((usl - lsl) / (6 * s), cpk(s), cpk(sp), bissell(cpk(s), n - 1), bissell(cpk(sp), sum(k - 1)),
    (usl - lsl) / (6 * s) * sqrt(qchisq(0.05, n - 1) / (n - 1)), bound((m - lsl) / (3 * s), n),
    1e6 * (pnorm((lsl - m) / s) + pnorm((usl - m) / s, lower.tail = FALSE))))
  say("individuals", c(m - 3 * mr, m + 3 * mr, mr * 2 / sqrt(pi), which(abs(x - m) > 3 * mr)))
  xg <- unlist(several)
  say("means", c(mean(xg) - 3 * sr / sqrt(k), mean(xg) + 3 * sr / sqrt(k)))
  say("ranges", c(sizes * sr, sizes * sr + 3 * spreads * sr))
  say("deviations", c(c * ss, pmax(0, c * ss - 3 * sqrt(1 - c^2) * ss)))
}
`;

interface Judged {
  name: string;
  figures: Map<string, number[]>;
}

function judgedByR(): Judged[] {
  const calls = DATA.map(([name, values, by]) => `judge("${name}", ${values}, ${by})`).join("\n");
  const { status, stdout, stderr } = spawnSync("Rscript", ["--vanilla", "-"], {
    input: `${SCRIPT}\n${calls}`,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  assert.equal(status, 0, stderr);
  const judged: Judged[] = [];
  const lines = stdout.split("\n").map((line) => line.trim().split(" "));
  lines.forEach(([word = "", ...rest], index) => {
    if (word === "name") judged.push({ name: lines[index + 1]?.[0] ?? "", figures: new Map() });
    else judged.at(-1)?.figures.set(word, rest.map(Number));
  });
  return judged;
}

/** Compares lists of figures, each to this many digits. */
function agree(
  actual: readonly (number | null | undefined)[],
  expected: readonly number[],
  what: string,
  digits = 10,
) {
  assert.equal(actual.length, expected.length, what);
  actual.forEach((value, index) =>
    assertDigits(value, expected[index] ?? Number.NaN, digits, `${what} ${index}`),
  );
}

test(`R agrees on ${DATA.length} public data sets`, { skip: peer("Rscript") }, () => {
  const judged = judgedByR();
  assert.equal(judged.length, DATA.length);
  for (const { name, figures } of judged) {
    const of = (word: string): number[] => figures.get(word) ?? [];
    const values = of("values");
    const byName = Map.groupBy(values.keys(), (index) => of("by")[index]);
    const groups = [...byName.values()].map((indices) => indices.map((index) => values[index] ?? Number.NaN));
    const several = groups.filter(({ length }) => length > 1);
    const [lower = 0, upper = 0] = of("limits");
    agree(
      [
        meanOf(values),
        deviationOf(values),
        medianOf(values),
        autocorrelationOf(values),
        quantileOf(values, 0.00135, 6),
        quantileOf(values, 0.99865, 6),
        quantileOf(values, 0.75),
      ],
      of("moments"),
      `${name}: moments`,
      12,
    );
    const single: SigmaMethod[] = ["moving-range", "median-moving-range"];
    const grouped: SigmaMethod[] = ["pooled", "pooled-unbiased", "range", "standard-deviation"];
    const sigmas = [
      ...single.map(
        (method) =>
          estimateSigma(
            values.map((value) => [value]),
            method,
          ).value,
      ),
      ...grouped.map((method) => estimateSigma(groups, method).value),
    ];
    agree(sigmas, of("sigma"), `${name}: sigma`, 8);
    const shapiro = shapiroWilk(values);
    agree([shapiro?.statistic], of("tests").slice(0, 1), `${name}: Shapiro-Wilk`, 9);
    // R's p below 1e-10 has no more digits.
    if ((of("tests")[1] ?? 0) > 1e-10) agree([shapiro?.p], of("tests").slice(1, 2), `${name}: its p`, 5);
    agree([andersonDarling(values)?.statistic], of("tests").slice(2), `${name}: Anderson-Darling`, 9);
    const { within, overall } = judgeCapability({ groups }, { limits: { lower, upper }, method: "pooled" });
    agree(
      [
        overall?.spread?.value,
        overall?.nearest.value,
        within?.nearest.value,
        overall?.nearest.lowerBound,
        within?.nearest.lowerBound,
        overall?.spread?.lowerBound,
        exactOneSidedBound(
          (meanOf(values) - lower) / (3 * deviationOf(values)),
          values.length,
          values.length - 1,
          0.05,
        ),
        overall?.partsPerMillion.total,
      ],
      of("indices"),
      `${name}: indices`,
      8,
    );
    const single3 = chartIndividuals(values);
    const { location, spread } = single3;
    const outside = location.points.flatMap((point, index) =>
      point < (location.lower[index] ?? 0) || point > (location.upper[index] ?? 0) ? [index + 1] : [],
    );
    agree(
      [location.lower[0], location.upper[0], spread.centre, ...outside],
      of("individuals"),
      `${name}: individuals`,
    );
    const ranges = chartMeansAndRanges(several);
    agree([...ranges.location.lower, ...ranges.location.upper], of("means"), `${name}: means`, 8);
    agree([...ranges.spread.centres, ...ranges.spread.upper], of("ranges"), `${name}: ranges`, 8);
    const deviations = chartMeansAndDeviations(several);
    agree(
      [...deviations.spread.centres, ...deviations.spread.lower],
      of("deviations"),
      `${name}: deviations`,
      9,
    );
  }
});

test("three values in even steps are as normal as three can be, however they round", () => {
  for (const values of [
    [0, 0.41, 0.82],
    [0, 41, 82],
    [1, 2, 3],
  ])
    assert.deepEqual(shapiroWilk(values), { statistic: 1, p: 1 });
});
