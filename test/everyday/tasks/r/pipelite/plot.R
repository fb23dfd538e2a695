words <- commandArgs(trailingOnly = TRUE)
points <- read.table(words[1])
postscript(words[2], width = 6, height = 4, title = "points")
plot(points, type = "b", xlab = "x", ylab = "y")
