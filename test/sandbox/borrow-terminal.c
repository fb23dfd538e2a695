// What a program does to a terminal that is not its own, and to whoever lent it. One line for each attempt: its name and what came of it.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

static void tell(const char *name, long result) {
  printf("%s: %s\r\n", name, result < 0 ? strerrorname_np(errno) : "done");
  fflush(stdout);
}

int main(void) {
  char byte = 'x', paste = 3;
  tell("type", ioctl(0, TIOCSTI, &byte));
  tell("paste", ioctl(0, TIOCLINUX, &paste));
  tell("chmod", fchmod(0, 0666));
  tell("chmod by path", chmod("/proc/self/fd/1", 0666));
  tell("nice", setpriority(PRIO_PGRP, 0, 5));
  tell("ionice", syscall(SYS_ioprio_set, 2, 0, (3 << 13)));
  signal(SIGTERM, SIG_IGN);
  tell("signal", kill(0, SIGTERM));
  tell("signal itself", kill(getpid(), SIGTERM));
  tell("signal by descriptor", syscall(SYS_pidfd_send_signal, syscall(SYS_pidfd_open, getpid(), 0), SIGTERM, 0, 4));
  signal(SIGTTOU, SIG_IGN);
  setpgid(0, 0);
  tell("take", tcsetpgrp(0, getpid()));
  struct termios modes;
  tcgetattr(0, &modes);
  cfmakeraw(&modes);
  tell("raw", tcsetattr(0, TCSANOW, &modes));
  tcflow(0, TCOOFF);
  return 0;
}
