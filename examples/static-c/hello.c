/* Which system runs this: the program needs nothing of it but the kernel. */
#include <stdio.h>
#include <sys/utsname.h>

int main(void) {
  struct utsname system;
  if (uname(&system) != 0) return 1;
  printf("hello from %s on %s\n", system.sysname, system.machine);
  return 0;
}
