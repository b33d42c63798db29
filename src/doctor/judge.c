/* judge.c -- see judge.h. */
#include "doctor/judge.h"

#include <stdio.h>
#include <string.h>

enum { FILES_BASE = 64, FILES_A_RANK = 8, MB = 1000000 };
static const double LITTLE = 1.25; /* times what is taken for sure: libraries and the system take some, too */

/* Two ranks on one core, while others lie idle. */
static void judge_binding(struct doctor *d, const struct doctor_plan *p, const struct doctor_facts *host, int cores)
{
    for (int a = 0; a < p->n && cores < host->online; a++)
        for (int b = a + 1; b < p->n; b++) {
            const struct doctor_facts *x = &p->facts[a], *y = &p->facts[b];
            if (!same_host(x, host) || !same_host(y, host)) continue;
            if (cpu_count(x->mask) != 1 || memcmp(x->mask, y->mask, sizeof x->mask)) continue;
            doctor_say(d, DOCTOR_WARN, "binding", "mpirun --bind-to none, or --bind-to core --map-by core",
                       "%s: ranks %d and %d are bound to one and the same core, %d of %d cores are used by no rank",
                       host->host, x->rank, y->rank, host->online - cores, host->online);
            return;
        }
}

/* One host: its cores, and what its ranks make of them. */
static void judge_host_cores(struct doctor *d, const struct doctor_plan *p, const struct doctor_facts *host)
{
    uint64_t all[DOCTOR_CPUS / 64] = {0};
    int ranks = 0, bound = 0;
    char list[96];
    for (int r = 0; r < p->n; r++) {
        if (!same_host(&p->facts[r], host)) continue;
        for (int i = 0; i < DOCTOR_CPUS / 64; i++) all[i] |= p->facts[r].mask[i];
        ranks++;
        bound += cpu_count(p->facts[r].mask) < host->online;
    }
    const int cores = cpu_count(all), busy = p->alone ? p->actors + 1 : ranks;
    list_ranks(p, host, list, sizeof list);
    /* the master sleeps most of the time and shares a core with an actor */
    if (busy > cores + 1)
        doctor_say(d, DOCTOR_WARN, "cores", "give one actor per core: fewer ranks (-n), --actors, or more cores",
                   "%s: %d ranks share %d cores; actors beyond the cores slow each other down", host->host, busy,
                   cores);
    else
        doctor_say(d, DOCTOR_OK, "cores", NULL, "%s: %d of %d cores for %s, %s", host->host, cores, host->online, list,
                   bound ? "bound" : "not bound");
    if (!p->alone) judge_binding(d, p, host, cores);
    if (host->quota_percent && host->quota_percent < 100 * (cores < busy ? cores : busy))
        doctor_say(
            d, DOCTOR_WARN, "quota", "raise the container's CPU limit, or start fewer ranks",
            "%s: the control group allows the time of %.1f cores where %d are visible: all ranks are stopped for "
            "the rest of each period",
            host->host, host->quota_percent / 100.0, cores);
    if (host->load_percent > 50 * host->online)
        doctor_say(d, DOCTOR_WARN, "load", "wait, or take another node", "%s: %.1f processes want its %d cores already",
                   host->host, host->load_percent / 100.0, host->online);
    if (busy > cores && !strcmp(host->yield, "false"))
        doctor_say(d, DOCTOR_WARN, "yield", "export OMPI_MCA_mpi_yield_when_idle=1",
                   "%s: ranks outnumber cores, and ranks that wait inside MPI keep their core", host->host);
}

static void judge_blas(struct doctor *d, const struct doctor_plan *p, const struct doctor_facts *host)
{
    if (host->core_type[0])
        doctor_say(d, DOCTOR_WARN, "blas", "unset OPENBLAS_CORETYPE",
                   "%s: OPENBLAS_CORETYPE=%s forces a kind of core, which can halve the speed (%s)", host->host,
                   host->core_type, host->blas);
    else if (host->core_before[0])
        doctor_say(d, DOCTOR_OK, "blas", NULL,
                   "%s: %s, one thread a rank; OpenBLAS, older than this processor, had chosen %s", host->host,
                   host->blas, host->core_before);
    else
        doctor_say(d, DOCTOR_OK, "blas", NULL, "%s: %s, one thread a rank", host->host, host->blas);
    if (strcmp(host->blas, p->facts[0].blas) != 0)
        doctor_say(d, DOCTOR_WARN, "blas", "give the job nodes of one kind, or OPENBLAS_CORETYPE the least of them",
                   "%s computes with %s, %s with %s: last digits differ between them", host->host, host->blas,
                   p->facts[0].host, p->facts[0].blas);
    if (host->kernels_forced[0])
        doctor_say(d, DOCTOR_WARN, "kernels", "unset DUNLIN_ISA", "%s: DUNLIN_ISA=%s is set; kernels in use: %s",
                   host->host, host->kernels_forced, host->kernels);
    else if (strcmp(host->kernels, p->facts[0].kernels))
        doctor_say(d, DOCTOR_WARN, "kernels", "give the job nodes of one kind, or DUNLIN_ISA the least of them",
                   "%s runs %s kernels, %s %s: last digits differ between them", host->host, host->kernels,
                   p->facts[0].host, p->facts[0].kernels);
}

void doctor_judge_cores(struct doctor *d, const struct doctor_plan *p)
{
    for (int r = 0; r < p->n; r++)
        if (is_first(p, r)) judge_host_cores(d, p, &p->facts[r]);
    for (int r = 0; r < p->n; r++)
        if (is_first(p, r)) judge_blas(d, p, &p->facts[r]);
    doctor_say(d, DOCTOR_OK, "kernels", NULL, "%s", p->facts[0].kernels);
}

/* Its /dev/shm, and all of its memory. */
static void judge_room(struct doctor *d, const struct doctor_plan *p, const struct doctor_facts *host, int ranks)
{
    const struct doctor_want *const want = &p->want[host - p->facts];
    const double free = (double)host->memory;
    char mend[192];
    if ((double)host->shm_free < want->window && ranks > 1)
        doctor_say(d, DOCTOR_WARN, "shm", "mount -o remount,size=1G /dev/shm, or docker run --shm-size=1g",
                   "%s: /dev/shm has %.0f MB free and the window of %d actors takes %.0f: %s", host->host,
                   (double)host->shm_free / MB, p->actors, want->window / MB,
                   (double)host->shm_free < want->least
                       ? "gradients would go through the MPI library instead"
                       : "each actor would copy the weights for every rollout instead");
    else
        doctor_say(d, DOCTOR_OK, "shm", NULL, "%s: /dev/shm has %.0f MB free, the window takes %.0f", host->host,
                   (double)host->shm_free / MB, want->window / MB);
    snprintf(mend, sizeof mend, "lower %.120s, or ask for more memory (sbatch --mem)", want->lower ? want->lower : "");
    if (want->refused[0])
        doctor_say(d, DOCTOR_FAIL, "memory", "as the line says, or a larger limit", "%s", want->refused);
    else if (host->memory < 0 || free >= LITTLE * want->bytes)
        doctor_say(d, DOCTOR_OK, "memory", NULL, "%s: %.0f MB free, %d ranks take %.0f at least", host->host, free / MB,
                   ranks, want->bytes / MB);
    else
        doctor_say(d, free < want->bytes ? DOCTOR_FAIL : DOCTOR_WARN, "memory", mend,
                   "%s: %.0f MB are free, and %d ranks take %.0f at least, %.0f of it for %s", host->host, free / MB,
                   ranks, want->bytes / MB, want->most / MB, want->what);
}

static void judge_host_memory(struct doctor *d, const struct doctor_plan *p, const struct doctor_facts *host)
{
    int ranks = 0;
    for (int r = 0; r < p->n; r++) ranks += same_host(&p->facts[r], host);
    if (p->alone) ranks = p->actors + 1;
    judge_room(d, p, host, ranks);
    const int64_t files = FILES_BASE + (int64_t)FILES_A_RANK * (p->alone ? ranks : p->n);
    if (host->files >= 0 && host->files < files)
        doctor_say(d, host->files < files / 4 ? DOCTOR_FAIL : DOCTOR_WARN, "files",
                   host->files_hard < 0 || host->files_hard >= files
                       ? "ulimit -n 4096"
                       : "have the hard limit of open files raised (nofile "
                         "in /etc/security/limits.conf)",
                   "%s: %lld open files are allowed, a job of this size wants about %lld", host->host,
                   (long long)host->files, (long long)files);
    if (host->infiniband && host->locked >= 0 && host->locked < (int64_t)1 << 30)
        doctor_say(d, DOCTOR_WARN, "locked",
                   "ulimit -l unlimited (memlock in limits.conf; in Slurm PropagateResourceLimitsExcept=MEMLOCK)",
                   "%s: InfiniBand needs locked memory, and %lld kB are allowed", host->host,
                   (long long)host->locked / 1024);
}

void doctor_judge_memory(struct doctor *d, const struct doctor_plan *p)
{
    for (int r = 0; r < p->n; r++)
        if (is_first(p, r)) judge_host_memory(d, p, &p->facts[r]);
}

/* What some environments need and most machines lack. have, lack: a rank where it is there, is not; NULL: none. */
struct piece {
    const char *name, *env, *fetch; /* of the finding, of the environments up to the colon, what brings it */
    const struct doctor_facts *have, *lack;
    const char *there, *error; /* what have has, what lack says */
};

static void judge_piece(struct doctor *d, const struct piece *piece, const char *env)
{
    const size_t length = strlen(piece->env);
    const bool needed = !strncmp(env, piece->env, length) && env[length] == ':';
    if (piece->have && piece->lack)
        doctor_say(d, needed ? DOCTOR_FAIL : DOCTOR_WARN, piece->name, piece->fetch, "%s: on %s, not on %s: %s",
                   piece->there, piece->have->host, piece->lack->host, piece->error);
    else if (piece->have)
        doctor_say(d, DOCTOR_OK, piece->name, NULL, "%s", piece->there);
    else if (needed)
        doctor_say(d, DOCTOR_FAIL, piece->name, piece->fetch, "%s", piece->error);
    else
        doctor_say(d, DOCTOR_OK, piece->name, NULL, "not found, which only --env %s needs: %s", piece->env,
                   piece->error);
}

static void judge_atari(struct doctor *d, const struct doctor_plan *p, const char *env)
{
    struct piece ale = {.name = "ale", .env = "atari"};
    char there[64];
    ale.fetch = "run/fetch-atari.sh build/atari, on a file system that all nodes see";
    for (int r = 0; r < p->n; r++) *(p->facts[r].ale && p->facts[r].roms ? &ale.have : &ale.lack) = &p->facts[r];
    const int games = ale.have ? ale.have->roms : 0;
    snprintf(there, sizeof there, "the emulator and %d game%s", games, games == 1 ? "" : "s");
    ale.there = there;
    ale.error = ale.lack ? ale.lack->ale_error : "";
    judge_piece(d, &ale, env);
}

static void judge_mujoco(struct doctor *d, const struct doctor_plan *p, const char *env)
{
    struct piece mujoco = {.name = "mujoco", .env = "mujoco"};
    mujoco.fetch = "run/fetch-mujoco.sh build/mujoco, on a file system that all nodes see";
    for (int r = 0; r < p->n; r++) *(p->facts[r].mujoco[0] ? &mujoco.have : &mujoco.lack) = &p->facts[r];
    mujoco.there = mujoco.have ? mujoco.have->mujoco : "";
    mujoco.error = mujoco.lack ? mujoco.lack->mujoco_error : "";
    judge_piece(d, &mujoco, env);
    for (int r = 0; r < p->n && mujoco.have; r++) {
        const char *other = p->facts[r].mujoco;
        if (!other[0] || !strcmp(other, mujoco.there)) continue;
        doctor_say(d, DOCTOR_WARN, "mujoco", "one folder for all nodes in DUNLIN_MUJOCO_DIR",
                   "%s has %s, %s %s: their physics differ", p->facts[r].host, other, mujoco.have->host, mujoco.there);
        return;
    }
}

void doctor_judge_pieces(struct doctor *d, const struct doctor_plan *p, const char *env)
{
    judge_atari(d, p, env);
    judge_mujoco(d, p, env);
    if (p->facts[0].gnuplot)
        doctor_say(d, DOCTOR_OK, "gnuplot", NULL, "found");
    else
        doctor_say(d, DOCTOR_WARN, "gnuplot", "apt-get install gnuplot-nox, or load the module gnuplot",
                   "not on the PATH of %s: `dunlin plot` cannot draw here", p->facts[0].host);
}
