/* scale_costs.c -- the costs that the model is fed with: by the other parts of bench, started once each (bench actor for each
 * t_max, bench server, and the sleeping actors twice: by shared memory and over TCP), and by loops of our own for the
 * forms of the wire. What the user gives is not measured. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/bench_scale.h"
#include "app/setup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"

enum { NEAR_RANKS = 33, FAR_RANKS = 9, TEXT = 8192, CONVERSIONS = 15 };
static const double WAKE = 5e-5; /* s, where nothing is measured */

/* Runs words under mpirun and keeps what it prints. 0, or -1 after error_set(). */
static int capture(int ranks, const char *const *words, const char *extra, char text[TEXT])
{
    int from, status;
    size_t n = 0;
    const pid_t pid = bench_start_read(ranks, words, extra, &from);
    if (pid < 0) return -1;
    for (ssize_t got = 1; got > 0 || (got < 0 && errno == EINTR);)
        if ((got = read(from, text + n, TEXT - 1 - n)) > 0) n += (size_t)got;
    close(from);
    text[n] = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return error_set("waiting for mpirun: %s", strerror(errno));
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        return error_set("`dunlin bench %s` has failed, which measures for the model", words[1]);
    return 0;
}

/* A figure among printed lines; 0 after error_set() where it is missing. */
static double figure(const char *text, const char *name)
{
    const size_t length = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        double value;
        if (!strncmp(line, name, length) && sscanf(line + length, " value %lf", &value) == 1 && value > 0) return value;
    }
    error_set("bench did not print %s", name);
    return 0;
}

/* The rollout with its gradient, for each t_max, without its copies. */
static int measure_steps(const struct bench *b, struct scale_measured *m)
{
    char seconds[32], t_max[32], text[TEXT];
    const char **words = memory_new((size_t)b->argc + 8, sizeof *words);
    int rc = 0;
    snprintf(seconds, sizeof seconds, "%g", 0.08 * b->seconds);
    for (int t = 0; t < T_MAXES && !rc; t++) {
        int n = 0;
        words[n++] = "bench";
        words[n++] = "actor";
        words[n++] = "--seconds";
        words[n++] = seconds;
        for (int i = 0; i < b->argc; i++) words[n++] = b->argv[i];
        snprintf(t_max, sizeof t_max, "--t-max=%d", idle_t_max[t]);
        words[n++] = t_max;
        words[n] = NULL;
        if ((rc = capture(2, words, NULL, text))) break;
        const double rate = figure(text, "actor-train");
        if (!(rate > 0)) rc = -1;
        m->compute[t] = idle_t_max[t] * m->repeat / fmax(rate, 1e-9);
    }
    free(words);
    return rc;
}

static int measure_server(const struct bench *b, struct scale_measured *m)
{
    static const int ks[SCALE_APPLIES] = {1, 2, 4, 8, 16};
    char seconds[32], params[32], text[TEXT], name[32];
    const char *const words[] = {"bench", "server", "--seconds", seconds, "--params", params, NULL};
    const double bytes = (double)m->params * sizeof(float);
    snprintf(seconds, sizeof seconds, "%g", 0.2 * b->seconds);
    snprintf(params, sizeof params, "%zu", m->params);
    if (capture(17, words, NULL, text)) return -1;
    for (int i = 0; i < SCALE_APPLIES; i++) {
        snprintf(name, sizeof name, "server-apply-k%d", ks[i]);
        const double rate = figure(text, name);
        if (!(rate > 0)) return -1;
        m->near.apply[i] = 1 / rate;
        /* a longer pass costs no more per gradient than a shorter one; where it seems to, a neighbour took the core */
        if (i) m->near.apply[i] = fmin(m->near.apply[i], m->near.apply[i - 1]);
    }
    const double push = figure(text, "server-push"), fetch = figure(text, "server-fetch"),
                 wake = figure(text, "server-wakeup");
    if (!(push > 0) || !(fetch > 0) || !(wake > 0)) return -1;
    m->near.push = bytes / push;
    m->near.fetch = bytes / fetch;
    m->near.wake = 1e-6 * wake / 2; /* it is the way there and back */
    return 0;
}

/* The sleeping actors, by shared memory or over TCP of this machine. */
static int run_idle(const struct bench *b, const struct scale_measured *m, bool far, struct idle_found *found)
{
    char seconds[32], params[32], steps[80], path[PATH_MAX], text[TEXT];
    const char *words[16] = {"bench", "scale",  "--seconds", seconds,  "--params",
                             params,  "--step", steps,       "--tell", path};
    const char *tmp = getenv("TMPDIR");
    snprintf(path, sizeof path, "%.4000s/dunlin-scale-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    const int fd = mkstemp(path);
    if (fd < 0) return error_set("%s: cannot be made: %s", path, strerror(errno));
    close(fd);
    if (far) words[10] = "--far";
    snprintf(seconds, sizeof seconds, "%g", (far ? 0.25 : 0.4) * b->seconds);
    snprintf(params, sizeof params, "%zu", m->params);
    snprintf(steps, sizeof steps, "%.6g,%.6g", 1e6 * m->compute[0] / idle_t_max[0],
             1e6 * m->compute[1] / idle_t_max[1]);
    int rc = capture(far ? FAR_RANKS : NEAR_RANKS, words,
                     far ? "OMPI_MCA_btl=tcp,self OMPI_MCA_osc=pt2pt OMPI_MCA_btl_tcp_if_include=lo" : NULL, text);
    if (!rc) rc = scale_idle_read(path, found);
    unlink(path);
    return rc;
}

/* Best of some rounds, s: what a conversion takes where nothing disturbs it. */
#define BEST(seconds, statement)                                                                                       \
    do {                                                                                                               \
        (seconds) = HUGE_VAL;                                                                                          \
        for (int round_ = 0; round_ < CONVERSIONS; round_++) {                                                         \
            const double from_ = bench_clock();                                                                        \
            statement;                                                                                                 \
            (seconds) = fmin((seconds), bench_clock() - from_);                                                        \
        }                                                                                                              \
    } while (0)

/* The loops of src/share/wire.c, without their kernels for each kind of processor. What a message loses is kept in rest. */

static void to_bf16(uint16_t *restrict to, float *restrict rest, const float *restrict from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float x = rest[i] + from[i];
        uint32_t bits;
        memcpy(&bits, &x, sizeof bits);
        to[i] = (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16); /* to even */
        bits = (uint32_t)to[i] << 16;
        float back;
        memcpy(&back, &bits, sizeof back);
        rest[i] = x - back;
    }
}

static void from_bf16(uint32_t *restrict to, const uint16_t *restrict from, size_t n)
{
    for (size_t i = 0; i < n; i++) to[i] = (uint32_t)from[i] << 16;
}

static size_t choose(uint16_t *restrict marks, float *restrict value, const float *restrict from, size_t n, float least)
{
    size_t k = 0;
    for (size_t w = 0; w < n / 16; w++) {
        unsigned word = 0;
        for (int l = 0; l < 16; l++) word |= (unsigned)(fabsf(from[16 * w + (size_t)l]) >= least) << l;
        marks[w] = (uint16_t)word;
        for (unsigned left = word; left; left &= left - 1) value[k++] = from[16 * w + (size_t)__builtin_ctz(left)];
    }
    return k;
}

static void expand(float *restrict to, const uint16_t *restrict marks, const float *restrict value, size_t n)
{
    size_t k = 0;
    memset(to, 0, n * sizeof *to);
    for (size_t w = 0; w < n / 16; w++)
        for (unsigned left = marks[w]; left; left &= left - 1) to[16 * w + (size_t)__builtin_ctz(left)] = value[k++];
}

static void add(float *restrict to, const float *restrict from, size_t n)
{
    for (size_t i = 0; i < n; i++) to[i] += from[i];
}

static void measure_forms(const struct scale_words *w, struct scale_measured *m)
{
    const size_t n = m->params;
    float *from = memory_floats(n), *to = memory_floats(n + 1), *rest = memory_floats(n);
    uint16_t *half = memory_new(n, sizeof *half);
    volatile size_t kept = 0;
    for (size_t i = 0; i < n; i++) from[i] = (float)((i * 7919) % 1009) / 1009;
    BEST(m->encode, to_bf16(half, rest, from, n));
    BEST(m->decode, from_bf16((uint32_t *)(void *)to, half, n));
    double folded; /* into what was kept before, which comes ahead of the choice */
    BEST(folded, add(rest, from, n));
    BEST(m->select, kept = choose(half, to, from, n, 1 - (float)w->significant));
    m->select += 2 * folded; /* once more for the norm by which is chosen */
    BEST(m->expand, expand(rest, half, to, n));
    BEST(m->near.sum, add(to, from, n));
    (void)kept;
    free(from);
    free(to);
    free(rest);
    free(half);
}

/* What a size costs, from the options of training. */
static int look_at_net(const struct bench *b, struct scale_measured *m)
{
    static struct option_set set;
    struct setup setup = {0};
    int rc = bench_options(b, &set) || setup_open(&setup, &set.values, true);
    if (!rc) {
        m->params = b->params ? (size_t)b->params : (setup.facts->params + 15) / 16 * 16;
        m->repeat = setup.world.spec.action_repeat;
    }
    setup_close(&setup);
    return rc ? -1 : 0;
}

static void derive_far(const struct scale_words *w, struct scale_measured *m)
{
    const struct idle_costs *f = &m->idle_far.alone;
    m->far = m->near;
    m->far.serve = f->serve;
    m->far.drive = f->drive;
    m->far.latency = w->latency > 0 ? w->latency : (f->ask + f->answer) / 2;
    const double bytes = (double)m->params * sizeof(float), beyond = (f->fetch - f->ask + f->push - f->answer) / 2;
    m->far.bandwidth = beyond > 0 ? bytes / beyond : 0;
    m->far.fetch_bytes = m->far.push_bytes = bytes;
}

int scale_measure(const struct bench *b, const struct scale_words *w, struct scale_measured *m)
{
    double load = 0;
    if (getloadavg(&load, 1) == 1 && load > 0.5 * bench_cores())
        log_root(
            "note: %.1f processes want this machine's %d cores already: measured costs are larger than they should be",
            load, bench_cores());
    *m = (struct scale_measured){.near.wake = WAKE};
    if (look_at_net(b, m)) return -1;
    m->checked = !(w->step[0] > 0 && w->fetch > 0 && w->push > 0 && w->apply > 0);
    if (m->checked && measure_server(b, m)) return -1;
    if (w->fetch > 0) m->near.fetch = w->fetch;
    if (w->push > 0) m->near.push = w->push;
    for (int i = 0; i < SCALE_APPLIES && w->apply > 0; i++) m->near.apply[i] = w->apply;
    if (w->step[0] > 0)
        for (int t = 0; t < T_MAXES; t++) m->compute[t] = idle_t_max[t] * w->step[t];
    else if (measure_steps(b, m))
        return -1;
    for (int t = 0; t < T_MAXES && !(w->step[0] > 0); t++) {
        /* in training the gradient is written where a copy would put it: the copy stands for that writing */
        const double copies = m->near.fetch + m->near.push;
        m->compute[t] = fmax(m->compute[t] - copies, 0.1 * m->compute[t]);
    }
    measure_forms(w, m);
    if (m->checked && (run_idle(b, m, false, &m->idle) || run_idle(b, m, true, &m->idle_far))) return -1;
    derive_far(w, m);
    return 0;
}
