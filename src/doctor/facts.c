/* facts.c -- see facts.h. */
#include "doctor/facts.h"

#include <arpa/inet.h>
#include <cblas.h>
#include <dirent.h>
#include <ifaddrs.h>
#include <math.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../../env/ale.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/memory_left.h"
#include "dunlin/version.h"
#include "job/blas.h"
#include "job/mpirun.h"
#include "learn/world.h"
#include "revision.h"
#include "store/seal.h"

/* The first line of a small file, "" where there is none. */
static void read_line(const char *path, char *line, int size)
{
    FILE *f = fopen(path, "r");
    line[0] = 0;
    if (!f) return;
    if (!fgets(line, size, f)) line[0] = 0;
    line[strcspn(line, "\n")] = 0;
    fclose(f);
}

/* Control groups: version 2 shows this process's group where a container mounts it; else version 1. */
static void read_groups(struct doctor_facts *f)
{
    char line[128];
    long long quota = -1, period = 0;
    read_line("/sys/fs/cgroup/cpu.max", line, sizeof line);
    if (sscanf(line, "%lld %lld", &quota, &period) != 2) {
        read_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", line, sizeof line);
        quota = *line ? atoll(line) : -1;
        read_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us", line, sizeof line);
        period = atoll(line);
    }
    if (quota > 0 && period > 0) f->quota_percent = (int)(100 * quota / period);
    const double left = memory_of_node().bytes;
    f->memory = isfinite(left) ? (int64_t)left : -1;
}

static int64_t limit_of(int resource, bool hard)
{
    struct rlimit r;
    if (getrlimit((__rlimit_resource_t)resource, &r)) return -1;
    const rlim_t v = hard ? r.rlim_max : r.rlim_cur;
    return v == RLIM_INFINITY ? -1 : (int64_t)v;
}

static int64_t free_bytes(const char *path)
{
    struct statvfs st;
    return statvfs(path, &st) ? -1 : (int64_t)(st.f_bavail * st.f_frsize);
}

static void read_cores(struct doctor_facts *f)
{
    cpu_set_t set;
    double load = 0;
    f->online = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (!sched_getaffinity(0, sizeof set, &set))
        for (int c = 0; c < DOCTOR_CPUS && c < CPU_SETSIZE; c++)
            if (CPU_ISSET(c, &set)) f->mask[c / 64] |= UINT64_C(1) << c % 64;
    if (getloadavg(&load, 1) == 1) f->load_percent = (int)(100 * load);
}

static void read_limits(struct doctor_facts *f)
{
    const char *tmp = getenv("TMPDIR");
    struct statvfs st;
    DIR *ib = opendir("/sys/class/infiniband");
    for (struct dirent *e; ib && (e = readdir(ib));) f->infiniband |= e->d_name[0] != '.';
    if (ib) closedir(ib);
    f->shm_free = statvfs("/dev/shm", &st) ? 0 : (int64_t)(st.f_bavail * st.f_frsize);
    f->files = limit_of(RLIMIT_NOFILE, false);
    f->files_hard = limit_of(RLIMIT_NOFILE, true);
    f->locked = limit_of(RLIMIT_MEMLOCK, false);
    snprintf(f->tmp, sizeof f->tmp, "%.120s", tmp && *tmp ? tmp : "/tmp");
    f->tmp_free = free_bytes(f->tmp);
    f->tmp_writable = !access(f->tmp, W_OK | X_OK);
    f->root = mpirun_check_root() != 0;
}

bool doctor_on_path(const char *program)
{
    char path[4096];
    const char *at = getenv("PATH");
    if (strchr(program, '/')) return !access(program, X_OK);
    while (at && *at) {
        const int n = (int)strcspn(at, ":");
        snprintf(path, sizeof path, "%.*s/%s", n, at, program);
        if (!access(path, X_OK)) return true;
        at += n;
        at += *at == ':';
    }
    return false;
}

static void read_pieces(struct doctor_facts *f)
{
    static struct world mujoco;
    char err[512] = "";
    const char *core = getenv("OPENBLAS_CORETYPE"), *isa = getenv("DUNLIN_ISA");
    const char *config = openblas_get_config(); /* "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ..." */
    const int name = (int)strcspn(config, " "), version = config[name] ? (int)strcspn(config + name + 1, " ") + 1 : 0;
    snprintf(f->blas, sizeof f->blas, "%.*s core %.20s", name + version < 64 ? name + version : 64, config,
             openblas_get_corename());
    snprintf(f->core_type, sizeof f->core_type, "%.31s", core ? core : "");
    snprintf(f->core_before, sizeof f->core_before, "%.31s", blas_not_kept() ? blas_not_kept() : "");
    snprintf(f->kernels, sizeof f->kernels, "%s", cpu_isa_name(cpu_isa()));
    snprintf(f->kernels_forced, sizeof f->kernels_forced, "%.15s", isa ? isa : "");
    f->ale = ale_load(err, sizeof err) != NULL;
    const int games = f->ale ? ale_games(err, sizeof err) : 0;
    f->roms = games > 0 ? games : 0;
    snprintf(f->ale_error, sizeof f->ale_error, "%.255s", err);
    if (world_open(&mujoco, "mujoco:hopper", &(struct env_args){0}))
        snprintf(f->mujoco_error, sizeof f->mujoco_error, "%.255s", error_text());
    else
        snprintf(f->mujoco, sizeof f->mujoco, "%.31s", mujoco.spec.library);
    f->gnuplot = doctor_on_path("gnuplot");
}

static void read_networks(struct doctor_facts *f)
{
    struct ifaddrs *all = NULL;
    if (getifaddrs(&all)) return;
    for (const struct ifaddrs *i = all; i && f->nets < DOCTOR_NETS; i = i->ifa_next) {
        if (!i->ifa_addr || !i->ifa_netmask || i->ifa_addr->sa_family != AF_INET) continue;
        if (!(i->ifa_flags & IFF_UP) || i->ifa_flags & IFF_LOOPBACK) continue;
        struct sockaddr_in address, mask;
        memcpy(&address, i->ifa_addr, sizeof address);
        memcpy(&mask, i->ifa_netmask, sizeof mask);
        struct doctor_net *net = &f->net[f->nets++];
        snprintf(net->name, sizeof net->name, "%.15s", i->ifa_name);
        net->address = ntohl(address.sin_addr.s_addr);
        net->mask = ntohl(mask.sin_addr.s_addr);
    }
    freeifaddrs(all);
}

void doctor_facts(struct doctor_facts *f)
{
    char digest[2 * SHA256_BYTES + 1] = "unknown";
    memset(f, 0, sizeof *f);
    f->pid = getpid();
    f->copy_error = -1;
    gethostname(f->host, sizeof f->host - 1);
    seal_file_digest("/proc/self/exe", digest);
    snprintf(f->build, sizeof f->build, "%s %.20s %.16s", DUNLIN_VERSION, DUNLIN_REVISION, digest);
    read_cores(f);
    read_groups(f);
    read_limits(f);
    read_pieces(f);
    read_networks(f);
}
