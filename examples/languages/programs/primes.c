// Counts the primes below 1/100, 2/100 ... of a limit, by the sieve of Eratosthenes.
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **words) {
  long limit = count > 1 ? atol(words[1]) : 1000;
  char *composite = calloc(limit + 1, 1);
  if (composite == NULL) return 1;
  printf("below,primes\n");
  long primes = 0;
  for (long n = 2; n <= limit; n++) {
    if (!composite[n]) {
      primes++;
      for (long m = n * n; m <= limit; m += n) composite[m] = 1;
    }
    if (n % (limit / 100) == 0) printf("%ld,%ld\n", n, primes);
  }
  free(composite);
  return 0;
}
