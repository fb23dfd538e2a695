// Faults in what a process asks of its file system, by LD_PRELOAD. Each call that changes a file or a folder below FAULT_HOME has
// a number, counted from 1. FAULT_AT names one of them, and FAULT_KIND what happens there: "kill" ends the process before the
// call, "EIO" and "ENOSPC" fail it, "after" fails it and all that come after it with ENOSPC, and "short" lets it write half of
// what it is to write and fails the next with ENOSPC, which libuv, that writes on, does not tell. FAULT_COUNT is a file for the number of calls at the end.
//
// FAULT_SHADOW is a folder with what would be left after a loss of power, a file for each inode: whatever is synced is copied there.
//
// FAULT_SNAPSHOTS is a folder for copies of FAULT_STATE, one before each call from FAULT_FIRST on in steps of FAULT_STEP, and one at the
// end: what `kill -9` there would leave. Calls are made one at a time then. Beside each copy is one of the shadow, with the inodes
// that its names are of.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *home, *shadow;
static size_t home_length;
static long fault_at;
static int fault_errno, fault_goes_on, fault_is_short;
static atomic_long calls;
static const char *snapshots, *state;
static long first, step;
/** A handler of signals writes to a pipe, perhaps in the middle of a call. */
static pthread_mutex_t one_call = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static __thread int depth, is_shortened;
static __thread sigset_t unblocked;

static void take_snapshot(long number) {
  static const char script[] =
      "mkdir \"$1\" && cp -a \"$2\" \"$1/now\" && [ -z \"$3\" ] || "
      "{ cp -al \"$3\" \"$1/shadow\" && find \"$2\" -type f -printf '%i %P\\n' > \"$1/inodes\"; }";
  char target[PATH_MAX];
  snprintf(target, sizeof target, "%s/%ld", snapshots, number);
  const char *words[] = {"sh", "-c", script, "sh", target, state, shadow ? shadow : "", NULL};
  const char *none[] = {"PATH=/usr/bin:/bin", NULL};
  pid_t child;
  int status;
  if (posix_spawn(&child, "/bin/sh", NULL, NULL, (char **)words, (char **)none)) abort();
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) abort();
  if (status != 0) abort();
}

__attribute__((constructor)) static void begin(void) {
  const char *kind = getenv("FAULT_KIND"), *at = getenv("FAULT_AT");
  home = getenv("FAULT_HOME");
  shadow = getenv("FAULT_SHADOW");
  home_length = home ? strlen(home) : 0;
  fault_at = at ? atol(at) : 0;
  fault_is_short = kind && !strcmp(kind, "short");
  fault_goes_on = kind && !strcmp(kind, "after");
  fault_errno = !kind || !strcmp(kind, "kill") ? 0 : !strcmp(kind, "EIO") ? EIO : ENOSPC;
  // Of this process alone, and of none that it starts.
  snapshots = getenv("FAULT_SNAPSHOTS");
  state = getenv("FAULT_STATE");
  first = getenv("FAULT_FIRST") ? atol(getenv("FAULT_FIRST")) : 1;
  step = getenv("FAULT_STEP") ? atol(getenv("FAULT_STEP")) : 1;
  unsetenv("FAULT_SNAPSHOTS");
}

__attribute__((destructor)) static void end(void) {
  const char *file = getenv("FAULT_COUNT");
  if (snapshots) take_snapshot(atomic_load(&calls) + 1);
  int fd = file ? open(file, O_WRONLY | O_CREAT | O_TRUNC, 0644) : -1;
  if (fd < 0) return;
  dprintf(fd, "%ld", atomic_load(&calls));
  close(fd);
}

static int is_in_home(int folder, const char *path) {
  char link[64], whole[PATH_MAX];
  if (!home) return 0;
  if (path && path[0] == '/') return !strncmp(path, home, home_length);
  if (folder == AT_FDCWD) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
  ssize_t length = readlink(link, whole, sizeof whole - 1);
  if (length < 0) return 0;
  whole[length] = 0;
  return !strncmp(whole, home, home_length);
}

/** Counts a call; true where it is to fail, with errno set. Where there are snapshots `leave` ends what begins here. */
static int fails(int folder, const char *path) {
  if (snapshots) {
    // No handler of a signal runs in here: libuv's waits for whoever may wait for this lock.
    sigset_t all, former;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &former);
    pthread_mutex_lock(&one_call);
    if (depth++ == 0) unblocked = former;
  }
  is_shortened = 0;
  if (!is_in_home(folder, path)) return 0;
  long number = atomic_fetch_add(&calls, 1) + 1;
  if (snapshots && number >= first && (number - first) % step == 0) take_snapshot(number);
  is_shortened = fault_is_short && number == fault_at;
  long at = fault_is_short ? fault_at + 1 : fault_at;
  if (fault_at == 0 || (fault_goes_on ? number < at : number != at)) return 0;
  if (fault_errno == 0) {
    syscall(SYS_kill, getpid(), SIGKILL);
    pause();
  }
  errno = fault_errno;
  return 1;
}

static ssize_t leave(ssize_t result) {
  int error = errno;
  if (snapshots) {
    sigset_t former = unblocked;
    int is_last = --depth == 0;
    pthread_mutex_unlock(&one_call);
    if (is_last) pthread_sigmask(SIG_SETMASK, &former, NULL);
  }
  errno = error;
  return result;
}

static void keep(int fd) {
  struct stat about;
  char name[PATH_MAX], other[PATH_MAX], block[65536];
  if (fstat(fd, &about) || !S_ISREG(about.st_mode)) return;
  snprintf(other, sizeof other, "%s/.%lu-%d", shadow, (unsigned long)about.st_ino, gettid());
  snprintf(name, sizeof name, "%s/%lu", shadow, (unsigned long)about.st_ino);
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  int from = syscall(SYS_openat, AT_FDCWD, link, O_RDONLY, 0);
  int to = syscall(SYS_openat, AT_FDCWD, other, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (from < 0 || to < 0) abort();
  for (ssize_t length; (length = syscall(SYS_read, from, block, sizeof block)) > 0;)
    if (syscall(SYS_write, to, block, length) != length) abort();
  syscall(SYS_close, from);
  syscall(SYS_close, to);
  syscall(SYS_rename, other, name);
}

static void keep_all(const char *folder) {
  DIR *list = opendir(folder);
  if (!list) return;
  for (struct dirent *entry; (entry = readdir(list));) {
    char path[PATH_MAX];
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    if (entry->d_type == DT_DIR) keep_all(path);
    if (entry->d_type != DT_REG) continue;
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);
    if (fd < 0) continue;
    keep(fd);
    syscall(SYS_close, fd);
  }
  closedir(list);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define ON_FD(name, result, parameters, arguments)       \
  result name parameters {                               \
    if (fails(fd, NULL)) return -1;                      \
    return leave(REAL(name) arguments);                  \
  }
#define ON_BYTES(name, parameters, arguments)            \
  ssize_t name parameters {                              \
    if (fails(fd, NULL)) return -1;                      \
    if (is_shortened && size > 1) size /= 2;             \
    return leave(REAL(name) arguments);                  \
  }
#define ON_PATH(name, parameters, arguments)             \
  int name parameters {                                  \
    if (fails(AT_FDCWD, path)) return -1;                \
    return leave(REAL(name) arguments);                  \
  }

ON_BYTES(write, (int fd, const void *bytes, size_t size), (fd, bytes, size))
ON_BYTES(pwrite, (int fd, const void *bytes, size_t size, off_t at), (fd, bytes, size, at))
ON_BYTES(pwrite64, (int fd, const void *bytes, size_t size, off64_t at), (fd, bytes, size, at))
ON_FD(writev, ssize_t, (int fd, const struct iovec *parts, int count), (fd, parts, count))
ON_FD(pwritev, ssize_t, (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at))
ON_FD(pwritev64, ssize_t, (int fd, const struct iovec *parts, int count, off64_t at), (fd, parts, count, at))
ON_FD(ftruncate, int, (int fd, off_t size), (fd, size))
ON_FD(ftruncate64, int, (int fd, off64_t size), (fd, size))
ON_FD(fchmod, int, (int fd, mode_t mode), (fd, mode))
ON_FD(futimens, int, (int fd, const struct timespec times[2]), (fd, times))
ON_FD(posix_fallocate, int, (int fd, off_t at, off_t size), (fd, at, size))
ON_PATH(mkdir, (const char *path, mode_t mode), (path, mode))
ON_PATH(rmdir, (const char *path), (path))
ON_PATH(unlink, (const char *path), (path))
ON_PATH(chmod, (const char *path, mode_t mode), (path, mode))

int rename(const char *from, const char *path) {
  return fails(AT_FDCWD, path) ? -1 : leave(REAL(rename)(from, path));
}
int link(const char *from, const char *path) {
  return fails(AT_FDCWD, path) ? -1 : leave(REAL(link)(from, path));
}
int symlink(const char *to, const char *path) {
  return fails(AT_FDCWD, path) ? -1 : leave(REAL(symlink)(to, path));
}
int unlinkat(int folder, const char *path, int flags) {
  return fails(folder, path) ? -1 : leave(REAL(unlinkat)(folder, path, flags));
}
int utimensat(int folder, const char *path, const struct timespec times[2], int flags) {
  return fails(folder, path) ? -1 : leave(REAL(utimensat)(folder, path, times, flags));
}
ssize_t copy_file_range(int from, off64_t *at, int fd, off64_t *to, size_t size, unsigned flags) {
  return fails(fd, NULL) ? -1 : leave(REAL(copy_file_range)(from, at, fd, to, size, flags));
}

#define CHANGES(flags) ((flags) & (O_CREAT | O_TRUNC))
#define OPEN(name)                                                \
  int name(const char *path, int flags, ...) {                    \
    va_list rest;                                                 \
    va_start(rest, flags);                                        \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                 \
    if (!CHANGES(flags)) return REAL(name)(path, flags, mode);    \
    return fails(AT_FDCWD, path) ? -1 : leave(REAL(name)(path, flags, mode)); \
  }
OPEN(open)
OPEN(open64)

#define SYNC(name)                                                \
  int name(int fd) {                                              \
    if (fails(fd, NULL)) return -1;                               \
    int done = REAL(name)(fd);                                    \
    if (done == 0 && shadow) keep(fd);                            \
    return leave(done);                                                  \
  }
SYNC(fsync)
SYNC(fdatasync)

/** The file system of a test is not synced for it: that would wait for all else that is written to it. */
int syncfs(int fd) {
  if (fails(fd, NULL)) return -1;
  if (shadow && is_in_home(fd, NULL)) {
    // With what is beside it: what becomes the home is made there.
    char beside[PATH_MAX];
    snprintf(beside, sizeof beside, "%s", home);
    *strrchr(beside, '/') = 0;
    keep_all(beside);
  }
  return leave(0);
}
