# Fits primes = a * below / log(below); by the prime number theorem a goes to 1.
counts <- read.csv(commandArgs(trailingOnly = TRUE)[1])
expected <- counts$below / log(counts$below)
model <- lm(counts$primes ~ 0 + expected)
message(sprintf("a = %.4f", coef(model)))
write.csv(data.frame(counts, fitted = round(fitted(model), 3)), row.names = FALSE, quote = FALSE)
