/* train.c -- a session under MPI: all prepare (session.c), master and actors run, and all leave together. Wrong usage
 * ends as status 2 of rank 0 after all have finalized, so that the launcher's own noise stays behind our line. */
#include "train/train.h"

#include <errno.h>
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/resume_words.h"
#include "base/text.h"
#include "base/words.h"
#include "job/ending.h"
#include "job/family.h"
#include "job/launch.h"
#include "job/leave.h"
#include "job/mpirun.h"
#include "job/orphan.h"
#include "job/signals.h"
#include "share/check.h"
#include "train/folder.h"
#include "train/master.h"
#include "train/room.h"
#include "train/rounds.h"
#include "train/session.h"

/* What a run that has not come to its end goes on from, and how: not where it is hopeless, or nothing is there. */
static void tell_saved(const struct run *run, const struct checkpoints *k, const struct files *files)
{
    char name[64], path[OPTION_TEXT + sizeof name], words[RESUME_WORDS];
    const struct options *o = run->options;
    const struct file_trouble *trouble = &files->troubles[FILE_CHECKPOINT];
    snprintf(name, sizeof name, "checkpoint-%012lld.h5", (long long)k->saved);
    snprintf(path, sizeof path, "%s/%s", run->dir, name);
    if (run->state == RUN_DONE || !strncmp(run->reason, RUN_HOPELESS, strlen(RUN_HOPELESS)) || files->hung ||
        access(path, F_OK))
        return;
    const bool full = !strcmp(trouble->cause, strerror(ENOSPC)) || !strcmp(trouble->cause, strerror(EDQUOT));
    resume_words(run->dir, o->env, o->python, words, sizeof words);
    log_root("saved: %s; %s: %s", name,
             !trouble->now ? "goes on with"
             : full        ? "make room first, then it goes on with"
                           : "once that folder can be written again, it goes on with",
             words);
}

/* rank 0; the actors have said goodbye and wait for share_part(). */
static void finish(struct session *s, struct master *m, int *status)
{
    struct run *const run = &m->run;
    report_ended(&m->report);
    /* a stop signal leaves no time for it; the last checkpoint then knows of it, too */
    if (run->state == RUN_DONE && evaluations_final(&m->evaluations) && checkpoints_whole(&m->checkpoints) &&
        checkpoints_finish(&m->checkpoints, ENDING_TRIES_HURRY))
        log_error("%s", error_text());
    report_last(&m->report); /* of a run that was stopped it is out: before the goodbyes */
    if (files_finish(&m->files, &s->runfile)) log_error("%s", error_text());
    checkpoints_news(&m->checkpoints);
    *status = run->state == RUN_DONE ? 0 : run->state == RUN_STOPPED ? 143 : 1;
    if (run->state == RUN_STOPPED && signals_stop() == SIGINT) *status = 130;
    if (getenv("DUNLIN_LAUNCHED")) *status = 0; /* our own launcher reads RUN/status; mpirun would only add noise */
    char best[TEXT_FIGURE], last[TEXT_FIGURE], dropped[DROPPED_TEXT];
    dropped_text(&run->dropped, NULL, dropped, sizeof dropped);
    log_root("%s: %s%s%s; %lld frames in %.0f s; best evaluation %s, last %s; see %s", run_state_name(run->state),
             run->reason, *dropped ? "; " : "", dropped, (long long)run->turn.frames, run_seconds(run),
             text_figure(run->n.best_mean, "%.3g", best), text_figure(m->evaluations.mean, "%.3g", last), s->plan.dir);
    tell_saved(run, &m->checkpoints, &m->files);
    files_finish_curves(&m->files); /* last: all else is on the disk and told, should mpirun's SIGKILL come first */
}

/* rank 0, once all is written: an actor that hangs, or died on another node, would hold the launcher, and with it the
 * allocation, for ever; so would those who wait for it in a collective call. Who can leave by itself has a second for
 * it. */
static void end_the_rest(const struct session *s, const struct share *share, int status)
{
    bool other_node = false;
    clock_sleep(ENDING_ALONE);
    for (int r = 1; r < s->size; r++) {
        other_node |= strcmp(s->hosts[r], s->hosts[0]) != 0;
        const struct process_id *id = share_process(share, r);
        if (id->pid && !process_gone(id)) kill((pid_t)id->pid, SIGKILL);
    }
    if (!other_node) return;
    log_root("  ending what is left of the job: the launcher may say that MPI_ABORT was invoked");
    leave_by_force(status);
}

/* collective, once all have parted: what has crossed the network. */
static void log_traffic(const struct session *s, struct share *share)
{
    struct share_traffic t = {0};
    share_traffic(share, &t);
    const uint64_t mine[] = {t.weights, t.weight_bytes, t.again, t.gradients, t.gradient_bytes};
    uint64_t sum[5] = {0};
    CHECK_MPI(MPI_Reduce(mine, sum, 5, MPI_UINT64_T, MPI_SUM, 0, MPI_COMM_WORLD));
    if (s->rank == 0)
        log_root(
            "  over the network: weights %llu times, %llu bytes (%llu in vain); gradients %llu, %llu bytes; relays %d",
            (unsigned long long)sum[0], (unsigned long long)sum[1], (unsigned long long)sum[2],
            (unsigned long long)sum[3], (unsigned long long)sum[4], share_relays(share));
}

/* rank 0 from the window to the last line; *lost where no collective may follow. Its exit status. */
static int run_master(struct session *s, struct share *share, bool *lost)
{
    int status = 0;
    struct master m;
    const struct master_start start = {.run = {.set = &s->plan.set,
                                               .setup = &s->setup,
                                               .dir = s->plan.dir,
                                               .share = share,
                                               .optim = s->optim,
                                               .runfile = s->runfile,
                                               .target = s->target,
                                               .average = s->average,
                                               .counters = &s->counters,
                                               .hosts = (const char(*)[HOST])s->hosts},
                                       .theta = s->theta,
                                       .state_bytes = s->state_bytes,
                                       .totals = s->totals,
                                       .totals_bytes = s->totals_bytes,
                                       .machine = s->machine};
    master_init(&m, &start);
    if (m.run.options->deterministic)
        rounds_run(&m);
    else
        master_run(&m);
    finish(s, &m, &status);
    for (int r = 1; r < s->size; r++) /* who died after its goodbye comes to no collective call either */
        if (ranks_gone(&m.ranks, r)) m.ranks.anyone_lost = true;
    *lost = !share_part(share, !m.ranks.anyone_lost, ENDING_PART);
    if (*lost) end_the_rest(s, share, status);
    master_free(&m);
    return status;
}

/* The same of any other rank. */
static int run_actor(struct session *s, struct share *share, bool *lost)
{
    const int status = actor_run(&s->actor, share) != 0;
    if (status && share_orphaned(share)) {
        log_rank("the relay of this node is gone: this actor ends");
    } else if (status) {
        const bool seen = share_process(share, 0)->pid;
        log_rank("the master %s: this actor ends", seen ? "is gone" : "has given no sign of life for --patience");
        /* our own launcher sees to those who hang; from another node it may be the network alone that is silent */
        if (!getenv("DUNLIN_LAUNCHED") && seen) leave_by_force(1);
    }
    *lost = status || !share_parting(share);
    return status;
}

/* rank 0: what only other nodes read, where there are none. */
static void note_one_node(const struct session *s, const struct share *share)
{
    const struct options *o = &s->plan.set.values;
    if (s->rank || share_remote(share) || (o->combine == COMBINE_NONE && o->wire == WIRE_FLOAT32)) return;
    log_root("  note: all ranks are on one node, where combine and wire do nothing but make gradients whole that could "
             "be factors");
}

/* The trained part. Returns the exit status of this rank; *lost where no collective may follow. */
static int run(struct session *s, bool *lost)
{
    const struct share_config config = room_share(&s->setup, s->state_bytes);
    struct share *share = share_open(MPI_COMM_WORLD, &config);
    const int bad = s->rank == 0 && session_open_files(s, share_component(share));
    if (!session_agree(s, !bad)) {
        share_close(&share);
        return s->rank == 0 ? 2 : 0;
    }
    note_one_node(s, share);
    const int status = s->rank == 0 ? run_master(s, share, lost) : run_actor(s, share, lost);
    if (!*lost && share_relays(share)) log_traffic(s, share);
    if (*lost)
        share_abandon(&share);
    else
        share_close(&share);
    return status;
}

static int train_rank(int argc, char **argv, bool resume, int all_argc, char **all_argv)
{
    struct session s;
    int provided;
    bool lost = false;
    memset(&s, 0, sizeof s);
    signals_install(true); /* none may end a rank half-way through MPI_Init: the others would wait for it */
    leave_guarded();
    leave_adopt();
    orphan_watch();
    share_before_mpi();
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided)) {
        log_error("MPI_Init failed");
        return 1;
    }
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    CHECK_MPI(MPI_Comm_rank(MPI_COMM_WORLD, &s.rank));
    CHECK_MPI(MPI_Comm_size(MPI_COMM_WORLD, &s.size));
    log_set_rank(s.rank);
    signals_install(s.rank == 0);
    if (launch_check_ranks(s.size)) {
        const bool first = family_any_rank() <= 0;
        if (first) log_error("%s", error_text());
        leave_well();
        MPI_Finalize();
        return first ? 2 : 0;
    }
    provenance_fill(&s.prov, all_argc, all_argv);
    int status = session_prepare(&s, argc, argv, resume);
    if (status == SESSION_OVER)
        status = s.rank == 0 ? plan_tell_over(&s.plan) : 0;
    else if (status)
        status = s.rank == 0 ? status : 0;
    else
        status = run(&s, &lost);
    leave_well();
    if (!lost) session_release(&s);
    const int left = leave_no_children();
    if (lost) _exit(status); /* somebody died: MPI_Finalize would wait for it for ever */
    if (left) log_rank("ended %d process%s that a library has left running", left, left > 1 ? "es" : "");
    MPI_Finalize();
    return status;
}

/* The help text, with the values that a start with the other words would take. Exit status. */
static int help(int argc, char **argv, bool resume, bool whole)
{
    static struct option_set set;
    options_init(&set);
    if (argc && !resume && (options_read_args(&set, argc, argv, NULL) || setup_complete(&set))) {
        log_error("%s", error_text());
        return 2;
    }
    printf("dunlin %s\n\n", resume ? "resume RUN [--KEY VALUE ...]" : "train [FILE.ini|PRESET] [--KEY VALUE ...]");
    options_print_help(&set, resume, whole);
    return 0;
}

int train_main(int argc, char **argv, bool resume, int all_argc, char **all_argv)
{
    struct plan plan;
    const int asked = words_find_help(argc, argv);
    if (asked >= 0) {
        const bool whole = asked + 1 < argc && !strcmp(argv[asked + 1], "all");
        const int rest = asked + 1 + whole;
        memmove(argv + asked, argv + rest, (size_t)(argc - rest) * sizeof *argv); /* the others say for what */
        return help(argc - 1 - whole, argv, resume, whole);
    }
    switch (launch_kind()) {
    case LAUNCH_RANK:
        return train_rank(argc, argv, resume, all_argc, all_argv);
    case LAUNCH_WRONG:
        log_error("%s", error_text());
        return 2;
    case LAUNCH_ALONE:
        break;
    }
    launch_catch_signals();
    const int unfit = plan_check(&plan, argc, argv, resume);
    if (unfit) {
        log_error("%s", error_text());
        return unfit;
    }
    if (plan.over) return plan_tell_over(&plan);
    if (mpirun_check_root() || folder_try(plan.dir)) {
        log_error("%s", error_text());
        return 2;
    }
    char chosen[32];
    snprintf(chosen, sizeof chosen, "%lld", (long long)plan.frames);
    if (plan.checkpoint[0])
        setenv("DUNLIN_CHECKPOINT", chosen, 1); /* for rank 0: it need not say again what this said */
    const struct options *o = &plan.set.values;
    const struct launch_run run = {.dir = plan.dir,
                                   .env = o->env,
                                   .python = o->python,
                                   .resume = resume,
                                   .out = !resume && !o->out[0],
                                   .busy = folder_busy,
                                   .ranks_before = plan.ranks,
                                   .actors = o->actors,
                                   .threads = o->master_threads,
                                   .deterministic = o->deterministic};
    return launch_run(&run, argc, argv);
}
