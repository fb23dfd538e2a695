#include <stdio.h>

int main(void) {
  static char composite[1000000];
  long primes = 0;
  for (long n = 2; n < 1000000; n++) {
    if (composite[n]) continue;
    primes++;
    for (long m = n * n; m < 1000000; m += n) composite[m] = 1;
  }
  printf("%ld\n", primes);
}
