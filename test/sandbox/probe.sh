# Lists what a stage can see, in sections of lines that may be compared as sets.
PATH=$busybox/bin
show() { stat -c '%A %u:%g %t:%T %N' "$@" 2>&1; }
read -r _ _ _ _ _ _ terminal _ < /proc/1/stat
echo "## terminal-at-start"; [ "$terminal" = 0 ]; echo $?
echo "## user"; id; grep -E '^(Uid|Gid|Groups):' /proc/self/status
echo "## environment"; tr '\0' '\n' < /proc/1/environ | grep -v '^out='
echo "## arguments"; tr '\0' '\n' < /proc/1/cmdline | head -n 2
echo "## process"; umask; pwd; cat /proc/self/personality; grep -E '^(Cap|NoNewPrivs|Seccomp:|SigIgn|SigBlk|NSpid|NSpgid|NSsid)' /proc/1/status
echo "## limits"; grep -E 'core|processes' /proc/1/limits; grep -E 'stack|data|cpu' /proc/1/limits
echo "## root"; show /* /; ls -A /
echo "## etc"; show /etc /etc/*; for f in /etc/*; do sed "s|^|$f: |" "$f"; done
echo "## dev"; show /dev /dev/* /dev/pts/* /dev/shm; ls -A /dev/shm /dev/pts
echo "## descriptors"
for n in 0 1 2 3 4 5 6 7 8 9; do stat -c '%A %u:%g %N' /proc/1/fd/$n >> /build/descriptors 2>&1; done
sed 's|/dev/pts/[0-9]*|/dev/pts/N|' /build/descriptors; rm /build/descriptors
echo "## terminal"; stty -a < /proc/1/fd/1 2>&1; (: > /dev/tty) 2>&1 && echo controlling
cut -d' ' -f5,6,8 /proc/1/stat; echo x > /dev/stderr; tty
echo "## store"; show /nix /nix/store /nix/store/* | sed "s|[0-9a-z]\{32\}-|HASH-|"
echo "## folders"; show /build /tmp; ls -A /build /tmp; touch /build/a /tmp/a && echo writable
echo "## names"; hostname; cat /proc/sys/kernel/domainname
echo "## network"; ip addr; cat /proc/net/route /proc/net/unix | grep -v '^Num' ; ping -c 1 -W 1 127.0.0.1 | grep -c 'bytes from'
echo "## mounts"; while read -r _ _ _ _ point options rest; do
  type=${rest#*- }; echo "$point ${options%%,*} ${type%% *}"; done < /proc/self/mountinfo | sed "s|[0-9a-z]\{32\}-|HASH-|"
echo "## processes"; for p in /proc/[0-9]*; do echo "$p"; done; readlink /proc/1/root; readlink /proc/1/cwd
echo "## groups"; cat /proc/self/cgroup
echo "## powers"; unshare -U true && echo userns; unshare -Um true && echo mountns
touch /build/mode; chmod 4755 /build/mode 2>&1; chmod 2755 /build/mode 2>&1; chmod 1755 /build/mode && echo sticky
(: >> /proc/sys/kernel/core_pattern) 2>/dev/null && echo "kernel settings are writable"
(: >> /proc/self/oom_score_adj) 2>/dev/null && echo "own settings are writable"
mknod /build/null c 1 3 2>&1; nice -n -1 true 2>&1
echo "## end"
echo done > $out
