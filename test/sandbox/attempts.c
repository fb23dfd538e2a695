// What a hostile stage would try, one line each: `family/name: ok` or the error. It changes nothing of the host: switches of
// the kernel are opened for writing at most, and by an ordinary user only. Built by security.test.ts; docs/security.md says
// what each line is to show.
//   attempts prepare COMMAND...     a key in the caller's session and user keyrings and shared memory, then the command
//   attempts try OUT INPUT [switches]
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SHARED_KEY 0x50695065

static const char *family = "";

static void tell(const char *name, long result) {
  if (result < 0) printf("%s/%s: %s\n", family, name, strerrorname_np(errno));
  else printf("%s/%s: ok\n", family, name);
  fflush(stdout);
}
#define TRY(name, call) (errno = 0, tell(name, (long)(call)))

static char folder[4096];
static const char *in(const char *name) {
  static char paths[8][4200];
  static int next;
  char *path = paths[next++ % 8];
  snprintf(path, sizeof paths[0], "%s/%s", folder, name);
  return path;
}

/** A file that came out with a set-id bit is worse than an error. */
static void tell_mode(const char *name, const char *path) {
  struct stat stat_;
  if (lstat(path, &stat_) == 0 && (stat_.st_mode & 06000)) printf("%s/%s: HAS A SET-ID BIT\n", family, name);
}

static void try_set_id(void) {
  family = "set-id";
  TRY("open", open(in("open"), O_CREAT | O_WRONLY, 04755));
  TRY("openat", openat(AT_FDCWD, in("openat"), O_CREAT | O_WRONLY, 02755));
  TRY("open-tmpfile", open(folder, O_TMPFILE | O_WRONLY, 04755));
  TRY("creat", syscall(SYS_openat, AT_FDCWD, in("creat"), O_CREAT | O_WRONLY | O_TRUNC, 06755));
#ifdef SYS_creat
  TRY("creat", syscall(SYS_creat, in("creat"), 04755));
  TRY("open-call", syscall(SYS_open, in("open"), O_CREAT | O_WRONLY, 04755));
  TRY("mknod", syscall(SYS_mknod, in("mknod"), S_IFREG | 04755, 0));
  TRY("mkdir", syscall(SYS_mkdir, in("mkdir"), 02755));
#endif
  TRY("mknodat", syscall(SYS_mknodat, AT_FDCWD, in("mknodat"), S_IFREG | 04755, 0));
  TRY("mkdirat", syscall(SYS_mkdirat, AT_FDCWD, in("mkdirat"), 02755));
  struct { unsigned long flags, mode, resolve; } how = {O_CREAT | O_WRONLY, 04755, 0};
  TRY("openat2", syscall(437, AT_FDCWD, in("openat2"), &how, sizeof how));
  TRY("mq_open", syscall(SYS_mq_open, "set-id", O_CREAT | O_RDWR, 04755, 0));
  int file = open(in("plain"), O_CREAT | O_WRONLY, 0755);
  family = "kept";
  TRY("mq_open", syscall(SYS_mq_open, "plain", O_CREAT | O_RDWR, 0644, 0));
  TRY("open", file);
  TRY("open-with-a-mode-that-does-not-count", syscall(SYS_openat, AT_FDCWD, in("plain"), O_RDONLY, 06777));
  TRY("mkdir", mkdir(in("folder"), 0755));
  TRY("mknod-fifo", mknod(in("fifo"), S_IFIFO | 0644, 0));
  TRY("chmod-sticky", chmod(in("folder"), 01755));
  family = "set-id";
  TRY("chmod", chmod(in("plain"), 04755));
  TRY("fchmod", fchmod(file, 02755));
  TRY("fchmodat", fchmodat(AT_FDCWD, in("plain"), 04755, 0));
  TRY("fchmodat2", syscall(452, AT_FDCWD, in("plain"), 04755, 0));
  const char *made[] = {"open", "openat", "creat", "mknod", "mkdir", "mknodat", "mkdirat", "openat2", "plain"};
  for (unsigned index = 0; index < sizeof made / sizeof *made; index++) tell_mode(made[index], in(made[index]));
  unlink(in("fifo"));
}

#ifdef __x86_64__
/** The 32-bit calls of the same processor: a table of their own in the filter. */
static long call32(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
  result = (int)result;
  if (result < 0) errno = -result;
  return result < 0 ? -1 : result;
}
static char low[4096];
static void try_other_tables(void) {
  family = "i386";
  strcpy(low, in("i386"));
  strcpy(low + 2048, "set-id-32");
  TRY("getpid", call32(20, 0, 0, 0));
  TRY("open", call32(5, (long)low, O_CREAT | O_WRONLY, 04755));
  TRY("creat", call32(8, (long)low, 04755, 0));
  TRY("mkdir", call32(39, (long)low, 02755, 0));
  TRY("mknod", call32(14, (long)low, S_IFREG | 04755, 0));
  TRY("chmod", call32(15, (long)low, 04755, 0));
  TRY("mq_open", call32(277, (long)low + 2048, O_CREAT | O_RDWR, 04755));
  TRY("io_uring_setup", call32(425, 4, (long)low, 0));
  static unsigned arguments[] = {AF_VSOCK, SOCK_STREAM, 0};
  TRY("socketcall-vsock", call32(102, 1, (long)arguments, 0));
  TRY("socket-vsock", call32(359, AF_VSOCK, SOCK_STREAM, 0));
  tell_mode("i386", in("i386"));
  family = "x32";
  TRY("open", syscall(0x40000000 | SYS_open, in("x32"), O_CREAT | O_WRONLY, 04755));
  TRY("chmod", syscall(0x40000000 | SYS_chmod, in("plain"), 04755));
  TRY("io_uring_setup", syscall(0x40000000 | 425, 4, low));
  tell_mode("x32", in("x32"));
}
#else
static void try_other_tables(void) {}
#endif

static void try_attributes(void) {
  family = "attributes";
  TRY("setxattr", setxattr(in("plain"), "user.note", "x", 1, 0));
  TRY("lsetxattr", lsetxattr(in("plain"), "user.note", "x", 1, 0));
  int file = open(in("plain"), O_RDONLY);
  TRY("fsetxattr", fsetxattr(file, "user.note", "x", 1, 0));
  struct { unsigned long value; unsigned size, flags; } argument = {(unsigned long)"x", 1, 0};
  TRY("setxattrat", syscall(463, AT_FDCWD, in("plain"), 0, "user.note", &argument, sizeof argument));
  int immutable = 0x10;
  TRY("immutable", ioctl(file, 0x40086602, &immutable));
  family = "io_uring";
  char parameters[256] = {0};
  TRY("setup", syscall(425, 4, parameters));
  TRY("enter", syscall(426, -1, 0, 0, 0, 0, 0));
  TRY("register", syscall(427, -1, 0, 0, 0));
}

/* Every key has a number that is the whole machine's. @returns 0 when one was read by it */
static long read_keys_by_number(void) {
  char line[512], secret[64];
  long result = -1;
  FILE *keys = fopen("/proc/keys", "r");
  if (keys == NULL) return -1;
  errno = ENOKEY;
  while (result != 0 && fgets(line, sizeof line, keys) != NULL) {
    long number = (int)strtoul(line, NULL, 16);
    if (strstr(line, " keyring ") == NULL) continue;
    if (syscall(SYS_keyctl, KEYCTL_LINK, number, KEY_SPEC_SESSION_KEYRING) != 0) continue;
    int members[32];
    long bytes = syscall(SYS_keyctl, KEYCTL_READ, number, members, sizeof members);
    for (long i = 0; i < bytes / 4 && i < 32; i++)
      if (syscall(SYS_keyctl, KEYCTL_READ, members[i], secret, sizeof secret) > 0) result = 0;
  }
  fclose(keys);
  return result;
}

static void try_keys(void) {
  family = "keys";
  TRY("session-search", syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", "pipelite-attempt", 0));
  TRY("user-search", syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", "pipelite-attempt", 0));
  TRY("session-of-last-stage", syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", "left-by-a-stage", 0));
  TRY("add-to-session", syscall(SYS_add_key, "user", "left-by-a-stage", "x", 1, KEY_SPEC_SESSION_KEYRING));
  TRY("read-by-number", read_keys_by_number());
  TRY("request-from-host", syscall(SYS_request_key, "user", "pipelite-none", "callout", KEY_SPEC_SESSION_KEYRING));
}

static void try_sockets(void) {
  family = "sockets";
  TRY("vsock", socket(AF_VSOCK, SOCK_STREAM, 0));
  TRY("vsock-datagram", socket(AF_VSOCK, SOCK_DGRAM, 0));
  TRY("packet", socket(AF_PACKET, SOCK_RAW, 0));
  TRY("raw", socket(AF_INET, SOCK_RAW, 1));
  int tcp = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {AF_INET, htons(9), {htonl(0x0a000001)}};
  TRY("inet", tcp);
  TRY("connect-away", connect(tcp, (void *)&address, sizeof address));
  int unix_ = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un name = {AF_UNIX};
  strcpy(name.sun_path + 1, "pipelite-attempt");
  TRY("abstract", connect(unix_, (void *)&name, sizeof(sa_family_t) + 1 + strlen("pipelite-attempt")));
}

static void try_processes(void) {
  family = "processes";
  TRY("shared-memory-of-host", shmget(SHARED_KEY, 1, 0));
  int handle = open("/proc/1/ns/mnt", O_RDONLY);
  TRY("setns", setns(handle, CLONE_NEWNS));
  TRY("signal-parent", kill(getppid() ? getppid() : 0x3ffffff, 0));
  struct perf_event_attr attributes = {.size = sizeof attributes, .type = PERF_TYPE_SOFTWARE};
  TRY("perf-whole-machine", syscall(SYS_perf_event_open, &attributes, -1, 0, -1, 0));
  struct sched_param real_time = {1};
  TRY("real-time", sched_setscheduler(0, SCHED_FIFO, &real_time));
}

static void try_kernel(void) {
  family = "kernel";
  char text[128] = {0};
  TRY("bpf", syscall(SYS_bpf, 5, text, 120));
  TRY("load-module", syscall(SYS_init_module, "", 0, ""));
  TRY("kexec", syscall(SYS_kexec_load, 0, 0, 0, ~0UL));
  TRY("read-log", klogctl(3, text, sizeof text));
  TRY("reboot-with-a-wrong-number", syscall(SYS_reboot, 0, 0, 0, 0));
  TRY("swapoff", syscall(SYS_swapoff, "/nonexistent"));
  TRY("sethostname", sethostname("x", 1));
  struct { struct file_handle handle; unsigned char bytes[128]; } file = {.handle.handle_bytes = 128};
  int mount_id;
  name_to_handle_at(AT_FDCWD, "/build", &file.handle, &mount_id, 0);
  TRY("open-by-handle", open_by_handle_at(open("/build", O_RDONLY), &file.handle, O_RDONLY));
}

static void try_files(const char *input) {
  family = "files";
  TRY("write-input", open(input, O_WRONLY));
  TRY("chmod-input", chmod(input, 0777));
  TRY("unlink-input", unlink(input));
  TRY("link-input", link(input, in("hard")));
  int file = open(input, O_RDONLY);
  char again[64];
  snprintf(again, sizeof again, "/proc/self/fd/%d", file);
  TRY("reopen-input-for-writing", open(again, O_RDWR));
  TRY("device-block", mknod(in("block"), S_IFBLK | 0600, makedev(8, 0)));
  TRY("device-null", mknod(in("null"), S_IFCHR | 0666, makedev(1, 3)));
  TRY("dev-kvm", open("/dev/kvm", O_RDWR));
  TRY("dev-mem", open("/dev/mem", O_RDONLY));
  TRY("dev-fuse", open("/dev/fuse", O_RDWR));
  TRY("kcore", open("/proc/kcore", O_RDONLY));
  TRY("root-of-process-1", open("/proc/1/root/../etc/shadow", O_RDONLY));
}

/** Devices and files of procfs are the host's: what changes them here changes them there. Nothing is changed. */
static void try_host_files(void) {
  family = "host-files";
  TRY("chmod-device", chmod("/dev/null", 0666));
  TRY("chmod-random", chmod("/dev/urandom", 0666));
  TRY("chown-device", chown("/dev/zero", getuid(), getgid()));
  TRY("fchmod-stdin", fchmod(0, 0666));
  TRY("chmod-proc", chmod("/proc/version", 0444));
  TRY("chmod-proc-closed", chmod("/proc/kpagecount", 0400));
  TRY("chmod-proc-folder", chmod("/proc/tty", 0555));
  TRY("read-page-counts", open("/proc/kpagecount", O_RDONLY));
  TRY("read-slabs", open("/proc/slabinfo", O_RDONLY));
}

static void try_mounts(const char *input) {
  family = "mounts";
  TRY("mount", mount("none", "/tmp", "tmpfs", 0, 0));
  TRY("umount-input", umount2(input, MNT_DETACH));
  TRY("remount-input", mount(0, input, 0, MS_REMOUNT | MS_BIND, 0));
  TRY("umount-proc", umount2("/proc", MNT_DETACH));
  TRY("chroot", chroot("/build"));
  TRY("open-tree", syscall(SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE));
}

static void map_root(void) {
  uid_t uid = getuid();
  gid_t gid = getgid();
  char text[64];
  int file;
  TRY("unshare", unshare(CLONE_NEWUSER | CLONE_NEWNS));
  file = open("/proc/self/setgroups", O_WRONLY), write(file, "deny", 4), close(file);
  file = open("/proc/self/uid_map", O_WRONLY), write(file, text, snprintf(text, sizeof text, "0 %d 1", uid)), close(file);
  file = open("/proc/self/gid_map", O_WRONLY), write(file, text, snprintf(text, sizeof text, "0 %d 1", gid)), close(file);
}

static void try_switches(void) {
  const char *switches[] = {"/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/proc/sysrq-trigger",
                            "/proc/sys/kernel/hostname", "/proc/irq/default_smp_affinity", "/proc/sys/kernel/modprobe"};
  for (unsigned index = 0; index < sizeof switches / sizeof *switches; index++)
    TRY(switches[index] + 6, open(switches[index], O_WRONLY));
}

static void try_group(const char *name, const char *type, const char *options) {
  family = "nested-groups";
  TRY(name, mount("none", "/tmp/m", type, 0, options));
  family = "groups";
  if (errno == 0) TRY(name, open("/tmp/m/cgroup.procs", O_WRONLY));
}

/** Those of the host: nothing is written. */
static void try_groups(void) {
  family = "nested-groups";
  TRY("namespace", unshare(CLONE_NEWCGROUP));
  const char *controllers[] = {"memory", "pids", "freezer", "cpuset"};
  for (unsigned index = 0; index < sizeof controllers / sizeof *controllers; index++)
    try_group(controllers[index], "cgroup", controllers[index]);
  try_group("version-2", "cgroup2", 0);
}

/** As the root of a user namespace of its own: all of that is the stage's, nothing of it reaches further. */
static void try_nested(const char *input, int with_switches) {
  family = "nested-allowed";
  map_root();
  TRY("mount-tmpfs", mount("none", "/tmp", "tmpfs", 0, 0));
  TRY("bind-build", (mkdir("/tmp/b", 0755), mount("/build", "/tmp/b", 0, MS_BIND, 0)));
  TRY("overlay", (mkdir("/tmp/l", 0755), mkdir("/tmp/u", 0755), mkdir("/tmp/w", 0755), mkdir("/tmp/m", 0755),
                  mount("none", "/tmp/m", "overlay", 0, "lowerdir=/tmp/l,upperdir=/tmp/u,workdir=/tmp/w")));
  family = "nested";
  TRY("set-id-in-overlay", open("/tmp/m/set-id", O_CREAT | O_WRONLY, 04755));
  TRY("set-id-in-tmpfs", chmod("/tmp/b", 02755));
  TRY("remount-input", mount(0, input, 0, MS_REMOUNT | MS_BIND, 0));
  TRY("umount-input", umount2(input, 0));
  TRY("bind-without-what-is-below", mount("/nix", "/tmp/m", 0, MS_BIND, 0));
  TRY("write-input", open(input, O_WRONLY));
  TRY("device-block", mknod("/tmp/block", S_IFBLK | 0600, makedev(8, 0)));
  TRY("sysfs", mount("none", "/tmp/m", "sysfs", 0, 0));
  TRY("load-module", syscall(SYS_init_module, "", 0, ""));
  // The root of the file system in which /build is: inode 2, generation 0.
  struct { struct file_handle handle; unsigned number, generation; } root = {{8, 1}, 2, 0};
  TRY("open-by-handle", open_by_handle_at(open("/build", O_RDONLY), &root.handle, O_RDONLY));
  TRY("attributes", setxattr("/tmp/b", "security.capability", "x", 1, 0));
  try_groups();
  if (with_switches) {
    family = "nested-switches";
    try_switches();
  }
  family = "nested-allowed";
  TRY("pid-namespace", unshare(CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS));
  if (fork() == 0) {
    TRY("proc", (mkdir("/tmp/p", 0755), mount("none", "/tmp/p", "proc", 0, 0)));
    TRY("sethostname", sethostname("x", 1));
    TRY("packet", socket(AF_PACKET, SOCK_RAW, 0));
    family = "nested";
    TRY("socket-xdp", socket(AF_XDP, SOCK_RAW, 0));
    family = "nested-allowed";
    TRY("pivot_root", (mkdir("/tmp/o", 0755), syscall(SYS_pivot_root, "/tmp", "/tmp/o")));
    TRY("chroot", chroot("/o/build"));
    _exit(0);
  }
  wait(0);
}

int main(int count, char **words) {
  if (count > 2 && strcmp(words[1], "prepare") == 0) {
    syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0);
    syscall(SYS_add_key, "user", "pipelite-attempt", "secret", 6, KEY_SPEC_SESSION_KEYRING);
    syscall(SYS_add_key, "user", "pipelite-attempt", "secret", 6, KEY_SPEC_USER_KEYRING);
    int id = shmget(SHARED_KEY, 4096, IPC_CREAT | 0600);
    pid_t child = fork();
    if (child == 0) execvp(words[2], words + 2);
    int status = 0;
    waitpid(child, &status, 0);
    shmctl(id, IPC_RMID, 0);
    syscall(SYS_keyctl, KEYCTL_CLEAR, KEY_SPEC_SESSION_KEYRING);
    syscall(SYS_keyctl, KEYCTL_UNLINK, syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", "pipelite-attempt", 0), KEY_SPEC_USER_KEYRING);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  }
  const char *out = words[2], *input = words[3];
  int with_switches = count > 4;
  mkdir(out, 0755);
  snprintf(folder, sizeof folder, "%s", out);
  umask(0);
  try_set_id();
  try_other_tables();
  try_attributes();
  try_keys();
  try_sockets();
  try_processes();
  try_kernel();
  try_files(input);
  try_host_files();
  try_mounts(input);
  if (with_switches) {
    family = "switches";
    try_switches();
  }
  if (fork() == 0) {
    try_nested(input, with_switches);
    _exit(0);
  }
  wait(0);
  printf("end/end: ok\n");
  return 0;
}
