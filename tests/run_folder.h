/* run_folder.h -- for tests of what lies in a run's folder: each has a scratch folder of the program's name, default
 * options, and the provenance of a process that was started without words. */
#ifndef DUNLIN_TESTS_RUN_FOLDER_H
#define DUNLIN_TESTS_RUN_FOLDER_H

#include "testing.h"

#include <errno.h> /* program_invocation_short_name */
#include <sys/resource.h>

#include "store/h5.h"
#include "store/provenance.h"

static char dir[128], run[160]; /* the folder, and its run.h5 */
static struct option_set options;
static struct provenance prov;

/* s of a processor that this process has had, and those that it has waited for: a slow disk is not in it. */
static inline double processor_seconds(void)
{
    struct rusage r[2];
    double s = 0;
    getrusage(RUSAGE_SELF, &r[0]);
    getrusage(RUSAGE_CHILDREN, &r[1]);
    for (int i = 0; i < 2; i++)
        s += (double)(r[i].ru_utime.tv_sec + r[i].ru_stime.tv_sec) +
             1e-6 * (double)(r[i].ru_utime.tv_usec + r[i].ru_stime.tv_usec);
    return s;
}

/* Sets the four, of a folder that is there. */
static void run_folder_use(const char *folder)
{
    h5_init();
    options_init(&options);
    provenance_fill(&prov, 0, NULL);
    snprintf(dir, sizeof dir, "%s", folder);
    snprintf(run, sizeof run, "%s/run.h5", dir);
}

static int run_folder_make(void **unused)
{
    (void)unused;
    char folder[sizeof dir];
    snprintf(folder, sizeof folder, "/tmp/%s.XXXXXX", program_invocation_short_name);
    if (!mkdtemp(folder)) return -1;
    run_folder_use(folder);
    return 0;
}

static int run_folder_remove(void **unused)
{
    (void)unused;
    return testing_remove(dir);
}

#endif
