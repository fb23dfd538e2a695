// Takes 200 MB of memory in one of the ways that there are, holds it for a while, and says that it lived.
//   bombs KIND
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE (1 << 20)
#define PIECES 200

static void *map(int flags, int file) {
  void *at = mmap(0, (size_t)PIECE * PIECES, PROT_READ | PROT_WRITE, flags, file, 0);
  if (at == MAP_FAILED) exit(3);
  return at;
}

static void touch(void *at) { memset(at, 1, (size_t)PIECE * PIECES); }

static void fill(int file) {
  static char piece[PIECE];
  memset(piece, 1, sizeof piece);
  if (file < 0) exit(3);
  for (int index = 0; index < PIECES; index++)
    if (write(file, piece, sizeof piece) != sizeof piece) exit(4);
}

static int make(const char *path) { return open(path, O_CREAT | O_RDWR, 0600); }

static void many(void) {
  for (int index = 0; index < 40; index++)
    if (fork() == 0) {
      volatile char *at = malloc(5 * PIECE);
      for (int place = 0; place < 5 * PIECE; place += 512) at[place] = 1;
      sleep(1);
      _exit(0);
    }
  for (int status; wait(&status) > 0;)
    if (!WIFEXITED(status)) exit(6);
}

int main(int count, char **words) {
  const char *kind = count > 1 ? words[1] : "";
  if (!strcmp(kind, "private")) touch(map(MAP_PRIVATE | MAP_ANONYMOUS, -1));
  else if (!strcmp(kind, "shared")) touch(map(MAP_SHARED | MAP_ANONYMOUS, -1));
  else if (!strcmp(kind, "populated")) map(MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1);
  else if (!strcmp(kind, "memory-file")) fill(memfd_create("x", 0));
  else if (!strcmp(kind, "dev-shm")) fill(make("/dev/shm/x"));
  else if (!strcmp(kind, "tmp")) fill(make("/tmp/x"));
  else if (!strcmp(kind, "tmpfs")) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS)) exit(5);
    int file = open("/proc/self/uid_map", O_WRONLY);
    if (write(file, "0 1000 1", 8) != 8) exit(6);
    if (write(open("/proc/self/setgroups", O_WRONLY), "deny", 4) != 4) exit(7);
    if (write(open("/proc/self/gid_map", O_WRONLY), "0 100 1", 7) != 7) exit(8);
    if (mount("none", "/tmp", "tmpfs", 0, 0)) exit(9);
    fill(make("/tmp/x"));
  } else if (!strcmp(kind, "attached")) touch(shmat(shmget(IPC_PRIVATE, (size_t)PIECE * PIECES, 0600), 0, 0));
  else if (!strcmp(kind, "many")) many();
  else exit(2);
  sleep(1);
  puts("alive");
  return 0;
}
