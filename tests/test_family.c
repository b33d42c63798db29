/* test_family.c -- which MPI this is, by what its library says of itself, and what its launcher tells a process. */
#include "testing.h"

#include <mpi.h>
#include <sys/wait.h>
#include <unistd.h>

#include "job/family.h"
#include "job/launch.h"

static const char *version;

int MPI_Get_library_version(char *text, int *length)
{
    *length = snprintf(text, MPI_MAX_LIBRARY_VERSION_STRING, "%s", version);
    return MPI_SUCCESS;
}

enum question { IS_NAMED, SIZE, ANY_RANK, ACTORS };

/* The answer of a fresh process, as a family is looked up once, to which a launcher has left these variables. */
static int ask(const char *said, enum question question, const char *name, const char *const *variables)
{
    int status;
    const pid_t pid = fork();
    if (!pid) {
        clearenv();
        for (; variables && *variables; variables += 2) setenv(variables[0], variables[1], 1);
        version = said;
        _exit(question == IS_NAMED ? !strcmp(family_get()->name, name)
                                   : 100 + (question == SIZE     ? family_size()
                                            : question == ACTORS ? launch_actors(0, 0)
                                                                 : family_any_rank()));
    }
    EXPECT(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    return WEXITSTATUS(status) - (question == IS_NAMED ? 0 : 100);
}
#define ASK(said, question, ...) ask(said, question, NULL, (const char *const[]){__VA_ARGS__, NULL})

#define OPEN_MPI_4 "Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4, repo rev: v4.1.4, May 26, 2022"
#define MPICH "MPICH Version:      4.0.2"

static void libraries(void **state)
{
    (void)state;
    static const char *const known[][2] = {{OPEN_MPI_4, "Open MPI 4"},
                                           {"Open MPI v4.0.0", "Open MPI 4"},
                                           {"Open MPI v5.0.6, package: Open MPI", "Open MPI 5"},
                                           {"Open MPI v6.0.0", "Open MPI 5"},
                                           {"Intel(R) MPI Library 2021.14 for Linux* OS", "Intel MPI"},
                                           {MPICH, "MPICH"},
                                           {"MVAPICH Version      :\t3.0", "MPICH"},
                                           {"", "MPICH"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!ask(known[i][0], IS_NAMED, known[i][1], NULL)) fail_msg("'%s' is not %s", known[i][0], known[i][1]);
}

/* Those of its own launcher count; Slurm and others leave some of the same names where they started no rank of ours. */
static void sizes(void **state)
{
    (void)state;
    EXPECT(ask(OPEN_MPI_4, SIZE, NULL, NULL) == 0);
    EXPECT(ASK(OPEN_MPI_4, SIZE, "OMPI_COMM_WORLD_SIZE", "3") == 3);
    EXPECT(ASK(OPEN_MPI_4, SIZE, "OMPI_COMM_WORLD_SIZE", "0") == 0);
    EXPECT(ASK(OPEN_MPI_4, SIZE, "PMI_SIZE", "3", "PMI_FD", "7") == 0);
    EXPECT(ASK(MPICH, SIZE, "PMI_SIZE", "3", "PMI_FD", "7") == 3);
    EXPECT(ASK(MPICH, SIZE, "PMI_SIZE", "3") == 0);
    EXPECT(ASK(MPICH, SIZE, "OMPI_COMM_WORLD_SIZE", "3") == 0);
    EXPECT(ASK(OPEN_MPI_4, SIZE, "OMPI_COMM_WORLD_SIZE", "3 of them") == 0); /* no number is not heeded */
    EXPECT(ASK(OPEN_MPI_4, SIZE, "OMPI_COMM_WORLD_SIZE", "4294967299") == 0);
}

static void ranks(void **state)
{
    (void)state;
    EXPECT(ask(MPICH, ANY_RANK, NULL, NULL) == -1);
    EXPECT(ASK(MPICH, ANY_RANK, "OMPI_COMM_WORLD_RANK", "2") == 2);
    EXPECT(ASK(OPEN_MPI_4, ANY_RANK, "PMI_RANK", "0") == 0);
    EXPECT(ASK(OPEN_MPI_4, ANY_RANK, "PMIX_RANK", "5", "PMI_RANK", "0") == 5);
    EXPECT(ASK(MPICH, ANY_RANK, "SLURM_PROCID", "0") == -1); /* a batch script is no rank */
    EXPECT(ASK(MPICH, ANY_RANK, "SLURM_PROCID", "4", "SLURM_STEP_ID", "0") == 4);
    EXPECT(ASK(MPICH, ANY_RANK, "SLURM_STEP_ID", "0") == -1);
    EXPECT(ASK(MPICH, ANY_RANK, "PMI_RANK", "2nd") == -1 && ASK(MPICH, ANY_RANK, "PMI_RANK", "4294967298") == -1);
}

#define SLURM(...) ASK(OPEN_MPI_4, ACTORS, "SLURM_JOB_ID", "7", __VA_ARGS__)
#define PER_NODE "SLURM_JOB_CPUS_PER_NODE"

/* A Slurm job's room for actors, and where it says none, as outside of a job. */
static void room(void **state)
{
    (void)state;
    const int none = ask(OPEN_MPI_4, ACTORS, NULL, NULL);
    EXPECT(SLURM(PER_NODE, "16(x2),8") == 40 && SLURM(PER_NODE, "16") == 16);
    EXPECT(SLURM("SLURM_NTASKS", "6", PER_NODE, "16") == 6);
    EXPECT(SLURM("SLURM_NTASKS", "6", "SLURM_CPUS_PER_TASK", "2") == 12);
    EXPECT(SLURM("SLURM_NTASKS", "6", "SLURM_CPUS_PER_TASK", "2b") == 6);
    EXPECT(SLURM("SLURM_NTASKS", "6x", PER_NODE, "16") == 16);
    EXPECT(SLURM("SLURM_NTASKS", "1000000", "SLURM_CPUS_PER_TASK", "4295") == none);
    EXPECT(SLURM(PER_NODE, "99999999999") == none && SLURM(PER_NODE, "many") == none && SLURM(PER_NODE, "-3") == none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(libraries), cmocka_unit_test(sizes), cmocka_unit_test(ranks),
                                       cmocka_unit_test(room)};
    return testing_main(tests);
}
