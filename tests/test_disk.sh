#!/usr/bin/env bash
# test_disk.sh -- where a run writes goes wrong while it trains: full, read-only, gone, a rename that fails, a write that does not
# come back. Training goes on, says so once for each cause, and writes again as soon as it can; only a last checkpoint that
# could not be written makes a run fail.
. "$(dirname "$0")/tap.sh"
tap_cleanup() {
    kill_all
    umount -l "$scratch/disk" 2>/dev/null
}
soon() { local i; for i in $(seq 300); do "$@" && return; sleep 0.1; done; return 1; } # within half a minute
start() { # RUN WORDS...: trains in the background, its process in $pid
    local run=$1; shift
    : >err # or the old one is read until the program begins
    "$dunlin" train --env corridor --frames 1e9 --actors 2 --eval-every 0 --log-every 0.2 --checkpoint-every 100000 --out "$run" "$@" \
        >/dev/null 2>err </dev/null &
    pid=$!
    soon grep -qs "frames/s" err
}
stop() { kill -TERM $pid; wait $pid; status=$?; }
ended() { grep -q "^state $2" "$1/status"; }
times_said() { grep -c "write-failed: .*$1.*$2" err; }
checkpoints() { ls "$1" 2>/dev/null | grep -c '^checkpoint-[0-9]*\.h5$'; }
newest() { local f; f=$(ls "$1"/checkpoint-0*.h5 2>/dev/null | tail -1); f=${f##*-}; f=${f%.h5}; echo $((10#${f:-0})); }
newer() { [ "$(newest "$1")" -gt "$2" ]; }
goes_on() { local n; n=$(grep -c "frames/s" err); soon more_lines "$n"; }
more_lines() { [ "$(grep -c "frames/s" err)" -ge $(($1 + 4)) ]; }
event() { "$dunlin" info "$1" --csv events | grep -c ",$2,"; }

# full: in a file system of its own, which a file fills to the last byte
if [ "$(id -u)" = 0 ] && mkdir disk && mount -t tmpfs -o size=48m none disk 2>/dev/null; then
    start "$scratch/disk/r"
    soon newer disk/r 0
    head -c 60m /dev/zero >disk/filler 2>/dev/null
    at=$(newest disk/r)
    check "full disk: it is said" soon grep -q "write-failed: .*checkpoint-.*No space left on device; training goes on" err
    check "full disk: RUN/status says so too" soon grep -q "^reason a checkpoint cannot be written: No space left" disk/r/status
    check "full disk: training goes on" goes_on
    check "full disk: once for each file that cannot be written" test "$(times_said checkpoint- 'No space')" = 1 -a "$(times_said run.h5 'No space')" -le 1
    last=$(newest disk/r)
    run "$dunlin" info "disk/r/checkpoint-$(printf %012d "$last").h5"
    check "full disk: the last checkpoint is whole" is "$status" 0
    rm disk/filler
    check "room again: a newer checkpoint" soon newer disk/r "$last"
    check "room again: it is said" soon grep -q "write-resumed: a checkpoint can be written again" err
    stop
    check "room again: stopped as ever, status 143" is $status 143
    check "the events of it are in run.h5" test "$(event disk/r write-failed)" -ge 1 -a "$(event disk/r write-resumed)" -ge 1
    "$dunlin" info disk/r --csv train >rows
    check "run.h5 has a row for every interval, the full disk's too" \
        test "$(wc -l <rows)" -ge 10 -a "$(wc -l <rows)" -gt "$(grep -c '%  frames .* frames/s' err)"
    start "$scratch/disk/f"
    soon newer disk/f 0
    head -c 60m /dev/zero >disk/filler 2>/dev/null
    soon grep -q write-failed err
    stop
    check "full to the end: status 1" is $status 1
    check "full to the end: state failed, with the reason" grep -qE "^reason .*last checkpoint could not be written: No space" disk/f/status
    check "full to the end: failed in RUN/status" ended disk/f failed
    check "full to the end: the last line says what goes on, and what comes first" \
        grep -qE "^saved: checkpoint-0*$(newest disk/f).h5; make room first, then it goes on with: dunlin resume $scratch/disk/f$" <(tail -1 err)
    check "full to the end: one last report" test "$(tail -4 err | grep -c ' 0 frames/s')" = 0 -a "$(tail -4 err | grep -c frames/s)" = 1
    run "$dunlin" info disk/f
    check "full to the end: the checkpoint before is whole" is "$status" 0
    rm -r disk/filler disk/r disk/f
    start "$scratch/disk/o"
    soon newer disk/o 0
    mount --bind disk/o disk/o && mount -o remount,ro,bind disk/o # no new file; run.h5 is open already
    check "read-only: it is said" soon grep -q "write-failed: .*Read-only file system" err
    check "read-only: training goes on" goes_on
    last=$(newest disk/o)
    umount -l disk/o
    check "writable again: a newer checkpoint" soon newer disk/o "$last"
    stop
    check "writable again: status 143" is $status 143
else
    skip "full and read-only disk" "needs root and tmpfs"
fi

# gone, and there again
start "$scratch/g"
soon newer g 0
mv g elsewhere
check "vanished folder: it is said" soon grep -q "write-failed: .*No such file or directory" err
check "vanished folder: training goes on" goes_on
last=$(newest elsewhere)
mv elsewhere g
check "it is there again: a newer checkpoint" soon newer g "$last"
mv g away && rm -r away # removed at once: the run would write new files into it meanwhile
check "removed for good: run.h5's removal is said" soon grep -q "write-failed: .*run.h5: cannot write: No such file" err
stop
check "removed for good: status 1" test $status = 1
check "and the last line says why" grep -q "last checkpoint could not be written: No such file or directory" err
check "removed for good: nothing is said to be saved" is "$(grep -c ^saved err)" 0

# renames that fail as over NFS, and a disk that takes 13 s to answer: more than actors wait for a master that is dead
cat >faulty.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* the file named by FAULTS holds an errno for rename() to checkpoint-*, or -SECONDS for fsync() and what opens a
 * checkpoint; SYNCS gets the name of each file flushed; while there is a file HANGS, no file of curves is opened */
static int fault(void)
{
    int n = 0;
    FILE *f = fopen(getenv("FAULTS"), "r");
    if (f && fscanf(f, "%d", &n) != 1) n = 0;
    if (f) fclose(f);
    return n;
}
int rename(const char *from, const char *to)
{
    int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
    const int n = strstr(to, "/checkpoint-0") ? fault() : 0;
    if (n <= 0) return real(from, to);
    errno = n;
    return -1;
}
int fsync(int fd)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    const int n = fault();
    char link[64], name[4096] = "";
    FILE *f = fopen(getenv("SYNCS"), "a");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (f && readlink(link, name, sizeof name - 1) > 0)
        fprintf(f, "%s %s\n", gettid() == getpid() ? "main" : "thread", name);
    if (f) fclose(f);
    if (n < 0) sleep(-n);
    return real(fd);
}
static int slow_open(const char *which, const char *path, int flags, mode_t mode)
{
    int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, which);
    const int n = strstr(path, "/checkpoint-0") ? fault() : 0;
    if (n < 0) sleep(-n);
    while (strstr(path, "tfevents") && !access(getenv("HANGS"), F_OK)) usleep(10000);
    return real(path, flags, mode);
}
int open(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    const mode_t mode = va_arg(ap, mode_t);
    va_end(ap);
    return slow_open("open", path, flags, mode);
}
int open64(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    const mode_t mode = va_arg(ap, mode_t);
    va_end(ap);
    return slow_open("open64", path, flags, mode);
}
END
"${CC:-cc}" -shared -fPIC faulty.c -o faulty.so -ldl
export FAULTS=$scratch/faults SYNCS=$scratch/syncs HANGS=$scratch/hangs
echo 0 >faults
LD_PRELOAD=$scratch/faulty.so start "$scratch/n"
soon newer n 0
for e in 116 18 5; do # ESTALE EXDEV EIO
    echo $e >faults
    case $e in 116) word="Stale file handle" ;; 18) word="Invalid cross-device link" ;; 5) word="Input/output error" ;; esac
    check "rename fails: '$word' is said" soon grep -q "write-failed: .*checkpoint-.*$word" err
done
flushed=$(grep -c "^thread .*/n/run.h5$" syncs)
check "run.h5 is flushed with checkpoints, and by no thread that beats" test "$flushed" -ge 3 -a "$(grep -c '^main .*/n/run.h5$' syncs)" = 0
last=$(newest n)
check "no half file is left" is "$(ls n | grep -c 'checkpoint-.*new$')" 0
echo 0 >faults
check "renames work again: a newer checkpoint" soon newer n "$last"
echo -13 >faults
sleep 1; echo 0 >faults # the one under way hangs
lines=$(grep -c frames/s err)
sleep 12.5
check "a write that hangs: training went on" more_lines "$lines"
last=$(newest n)
check "and a checkpoint is written after it" soon newer n "$last"
check "no actor gave rank 0 up" test "$(grep -c 'sign of life' err)" = 0
stop
check "status 143" is $status 143

# the folder of the curves does not answer when a typed mpirun is stopped, which kills a second after the signal
for _ in 1 2 3; do # a machine may stand still for as long, but not thrice
    rm -rf hangs t tb; : >err
    LD_PRELOAD=$scratch/faulty.so mpirun --oversubscribe -n 2 "$dunlin" train --env corridor --frames 1e9 --eval-every 0 --log-every 0.2 \
        --out "$scratch/t" --tensorboard "$scratch/tb" >/dev/null 2>err </dev/null &
    pid=$!
    soon grep -qs "frames/s" err
    touch hangs
    goes_on
    stop
    ! ended t stopped || break
done
check "curves hang at a stop: run.h5 is closed" is "$(od -An -tu1 -j11 -N1 t/run.h5 | tr -d ' ')" 0
check "curves hang at a stop: RUN/status" ended t stopped
check "curves hang at a stop: the last lines" grep -q "^saved: .* dunlin resume $scratch/t$" err
check "curves hang at a stop: nobody is left" soon none_left "$scratch/t"
finish
