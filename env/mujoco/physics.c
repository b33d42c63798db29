/* physics.c -- the environment in DIR/mujoco.so, which run/fetch-mujoco.sh compiles against the headers of the MuJoCo
 * beside it: the layout of mjModel and mjData changes with nearly every version, so that another library is refused.
 *
 * A process has one mjModel a task, read only, and each environment one mjData. What MuJoCo finds wrong would end the
 * process, or be written to a file in the present folder: both are caught. Where a simulation becomes unstable MuJoCo
 * starts it again by itself, without telling; the observation is NaN then, and the trainer gives the episode up. */
#include "physics.h"

#include <dlfcn.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mujoco_host.h"

#define FETCH "run/fetch-mujoco.sh brings the whole anew, once its folder is removed"

enum { ACTIONS_MOST = 32, TASKS_MOST = 16, LINE = 512 };

/* What has been read of a task, at its first opening in this process. */
static struct {
    mjModel *model;
    int state_floats; /* of mjSTATE_INTEGRATION */
    int obs_dim;
    float low[ACTIONS_MOST], high[ACTIONS_MOST];
} read_of[TASKS_MOST];

/* What a saved state begins with; behind it the numbers of mjSTATE_INTEGRATION. */
struct saved {
    int32_t version, task;
    int64_t steps;
    double progress;
};

/* ---- what MuJoCo says ---- */

static void say_stderr(const char *line)
{
    fprintf(stderr, "dunlin: %s\n", line);
}

static mujoco_say *say = say_stderr;
static jmp_buf landing; /* where a call that fails comes out */
static char reason[LINE];

mujoco_host MUJOCO_HOST;
__attribute__((visibility("default"))) void MUJOCO_HOST(mujoco_say *to)
{
    say = to;
}

static void one_line(char *line, size_t size, const char *before, const char *text)
{
    snprintf(line, size, "%s%s", before, text);
    for (char *p = line; *p; p++)
        if (*p == '\n' || *p == '\r') *p = p[1] ? ' ' : '\0';
}

static void on_error(const char *text)
{
    one_line(reason, sizeof reason, "MuJoCo: ", text);
    longjmp(landing, 1);
}

/* Each kind once a process: an agent that has not learned yet may meet it in every episode. */
static void on_warning(const char *text)
{
    static char told[8][40];
    static int count;
    char line[LINE];
    for (int i = 0; i < count; i++)
        if (!strncmp(told[i], text, sizeof told[i] - 1)) return;
    if (count == sizeof told / sizeof told[0]) return;
    snprintf(told[count++], sizeof told[0], "%s", text);
    one_line(line, sizeof line, "MuJoCo warns, and is not heard again about this: ", text);
    say(line);
}

/* ---- opening ---- */

/* The file of a model, in assets/ beside this library. */
static void model_path(const struct task *task, char path[PATH_MAX])
{
    static const char marker;
    Dl_info info;
    const char *slash = dladdr(&marker, &info) ? strrchr(info.dli_fname, '/') : NULL;
    snprintf(path, PATH_MAX, "%.*s/assets/%s", slash ? (int)(slash - info.dli_fname) : 1, slash ? info.dli_fname : ".",
             task->file);
}

static int find_task(const char *name, char *err, size_t err_size)
{
    char known[400] = "";
    for (int i = 0; i < tasks_count; i++) {
        if (!strcmp(name, tasks[i].name)) return i;
        const size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", tasks[i].name);
    }
    if (*name)
        snprintf(err, err_size, "it has no task \"%.60s\"; known are %s", name, known);
    else
        snprintf(err, err_size, "no task is named; type one of %s, as in mujoco:hopper", known);
    return -1;
}

/* Is the model the task's, or one that somebody has edited within its sizes? Of another a step would read what is not
 * there. 0, or -1 with a line in err. */
static int check_model(const struct task *task, const mjModel *m, char *err, size_t err_size)
{
    if ((int)m->nq != task->model.nq || (int)m->nv != task->model.nv || (int)m->nu != task->model.nu ||
        (int)m->nbody != task->model.nbody || (int)m->nsite < task->model.nsite) {
        snprintf(err, err_size,
                 "%s is no model of %s: it has %d positions, %d speeds, %d actuators, %d bodies and %d sites, not %d, "
                 "%d, %d, %d and %d; " FETCH,
                 task->file, task->name, (int)m->nq, (int)m->nv, (int)m->nu, (int)m->nbody, (int)m->nsite,
                 task->model.nq, task->model.nv, task->model.nu, task->model.nbody, task->model.nsite);
        return -1;
    }
    for (int i = 0; i < BODIES_MOST && task->model.bodies[i]; i++)
        if (mj_name2id(m, mjOBJ_BODY, task->model.bodies[i]) < 0) {
            snprintf(err, err_size, "%s is no model of %s: it has no body \"%s\"; " FETCH, task->file, task->name,
                     task->model.bodies[i]);
            return -1;
        }
    return 0;
}

/* What the program takes from the model, once. */
static int read_model(int t, mjModel *m, char *err, size_t err_size)
{
    float obs[OBS_MOST];
    mjData *d = mj_makeData(m);
    if (!d) {
        snprintf(err, err_size, "there is no memory for a simulation of %s", tasks[t].name);
        return -1;
    }
    mj_forward(m, d);
    read_of[t].obs_dim = tasks[t].observe(m, d, obs);
    read_of[t].state_floats = (int)mj_stateSize(m, mjSTATE_INTEGRATION);
    for (int i = 0; i < (int)m->nu; i++) {
        read_of[t].low[i] = (float)m->actuator_ctrlrange[2 * i];
        read_of[t].high[i] = (float)m->actuator_ctrlrange[2 * i + 1];
    }
    mj_deleteData(d);
    read_of[t].model = m;
    return 0;
}

static int open_model(int t, char *err, size_t err_size)
{
    char path[PATH_MAX], why[300] = "", line[LINE];
    if (read_of[t].model) return 0;
    if (setjmp(landing)) {
        snprintf(err, err_size, "%s: %s; " FETCH, tasks[t].file, reason);
        return -1;
    }
    model_path(&tasks[t], path);
    struct stat found; /* of what is no file MuJoCo says a line of its own beside its answer */
    if (!stat(path, &found) && !S_ISREG(found.st_mode)) {
        snprintf(err, err_size, "the model %s cannot be read: it is no file; " FETCH, path);
        return -1;
    }
    mjModel *m = mj_loadXML(path, NULL, why, sizeof why);
    if (!m) {
        one_line(line, sizeof line, "", why);
        snprintf(err, err_size, "the model %s cannot be read: %s; " FETCH, path, line);
        return -1;
    }
    if (why[0]) on_warning(why);
    m->vis.quality.offsamples = 0; /* of its pictures, which take twice the time else */
    if (check_model(&tasks[t], m, err, err_size)) {
        mj_deleteModel(m);
        return -1;
    }
    return read_model(t, m, err, err_size);
}

static int physics_open(struct env_spec *spec, const struct env_args *args, char *err, size_t err_size)
{
    static char version[32];
    if (mj_version() != mjVERSION_HEADER) {
        snprintf(err, err_size,
                 "the MuJoCo library has version number %d, and mujoco.so was compiled against headers of %d; " FETCH,
                 (int)mj_version(), (int)mjVERSION_HEADER);
        return -1;
    }
    mju_user_error = on_error;
    mju_user_warning = on_warning;
    const int t = find_task(args->arg, err, err_size);
    if (t < 0 || open_model(t, err, err_size)) return -1;
    snprintf(version, sizeof version, "MuJoCo %s", mj_versionString());
    *spec = (struct env_spec){
        .obs_kind = ENV_OBS_FLOATS,
        .obs_dim = read_of[t].obs_dim,
        .action_dim = (int)read_of[t].model->nu,
        .action_low = read_of[t].low,
        .action_high = read_of[t].high,
        .max_steps = tasks[t].steps,
        .state_size = sizeof(struct physics),
        .save_size = sizeof(struct saved) + (size_t)read_of[t].state_floats * sizeof(mjtNum),
        .render_height = PICTURE_HEIGHT,
        .render_width = PICTURE_WIDTH,
        .library = version,
    };
    return 0;
}

static int physics_init(void *state, const struct env_args *args, char *err, size_t err_size)
{
    struct physics *p = state;
    const int t = find_task(args->arg, err, err_size);
    if (t < 0) return -1;
    if (setjmp(landing)) {
        snprintf(err, err_size, "%s", reason);
        return -1;
    }
    *p = (struct physics){.task = &tasks[t], .model = read_of[t].model};
    p->data = mj_makeData(p->model);
    if (p->data) return 0;
    snprintf(err, err_size, "there is no memory for another simulation of %s", tasks[t].name);
    return -1;
}

static void physics_free(void *state)
{
    struct physics *p = state;
    if (p->data) mj_deleteData(p->data);
    p->data = NULL;
}

/* ---- playing ---- */

static double progress(const struct physics *p)
{
    return p->task->progress ? p->task->progress(p->model, p->data) : 0;
}

static void physics_reset(void *state, struct rng *rng, void *obs)
{
    struct physics *p = state;
    const struct task *task = p->task;
    const mjModel *m = p->model;
    mjData *d = p->data;
    p->failure = NULL;
    if (setjmp(landing)) {
        p->failure = reason;
        return;
    }
    mj_resetData(m, d);
    for (int i = 0; i < (int)m->nq; i++) d->qpos[i] += task->qpos_noise * (2 * rng_uniform(rng) - 1);
    for (int i = 0; i < (int)m->nv; i++)
        d->qvel[i] += task->qvel_noise * (task->normal ? rng_normal(rng) : 2 * rng_uniform(rng) - 1);
    if (task->start) task->start(m, d, rng);
    mj_forward(m, d);
    p->steps = 0;
    p->progress = progress(p);
    task->observe(m, d, obs);
}

/* How often MuJoCo has found this simulation unstable, and started it again. */
static int unstable(const mjData *d)
{
    return d->warning[mjWARN_BADQPOS].number + d->warning[mjWARN_BADQVEL].number + d->warning[mjWARN_BADQACC].number;
}

static struct env_step physics_step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    struct physics *p = state;
    const struct task *task = p->task;
    const mjModel *m = p->model;
    mjData *d = p->data;
    (void)rng;
    if (setjmp(landing)) {
        p->failure = reason;
        return (struct env_step){0};
    }
    for (int i = 0; i < (int)m->nu; i++) d->ctrl[i] = (double)action.vector[i];
    for (int i = 0; i < task->skip; i++) mj_step(m, d);
    mj_rnePostConstraint(m, d); /* forces of contacts, which mj_step leaves out */
    const double before = p->progress;
    p->progress = progress(p);
    p->steps++;
    float *seen = obs;
    const int n = task->observe(m, d, seen);
    if (unstable(d)) {
        for (int i = 0; i < n; i++) seen[i] = NAN;
        return (struct env_step){.terminated = true};
    }
    struct env_step step = task->judge(m, d, (p->progress - before) / (m->opt.timestep * task->skip), action.vector);
    step.truncated = p->steps >= task->steps && !step.terminated;
    return step;
}

static const char *physics_failure(void *state)
{
    const struct physics *p = state;
    return p->failure;
}

/* ---- checkpoints ---- */

static size_t physics_save(const void *state, void *bytes)
{
    const struct physics *p = state;
    const int t = (int)(p->task - tasks);
    const struct saved head = {mjVERSION_HEADER, t, p->steps, p->progress};
    memcpy(bytes, &head, sizeof head);
    mj_getState(p->model, p->data, (mjtNum *)((char *)bytes + sizeof head), mjSTATE_INTEGRATION);
    return sizeof head + (size_t)read_of[t].state_floats * sizeof(mjtNum);
}

static int physics_load(void *state, const void *bytes, size_t n)
{
    struct physics *p = state;
    const int t = (int)(p->task - tasks), floats = read_of[t].state_floats;
    const mjtNum *numbers = (const mjtNum *)((const char *)bytes + sizeof(struct saved));
    struct saved head;
    if (n != sizeof head + (size_t)floats * sizeof(mjtNum)) return -1;
    memcpy(&head, bytes, sizeof head);
    if (head.version != mjVERSION_HEADER) {
        char line[LINE];
        snprintf(line, sizeof line,
                 "a saved state is of MuJoCo's version number %d, this one is %d: go on with that one",
                 (int)head.version, (int)mjVERSION_HEADER);
        say(line);
        return -1;
    }
    if (head.task != t || head.steps < 0 || head.steps > p->task->steps) return -1;
    if (!isfinite(head.progress)) return -1;
    for (int i = 0; i < floats; i++)
        if (!isfinite(numbers[i])) return -1;
    if (setjmp(landing)) return -1;
    mj_resetData(p->model, p->data);
    mj_setState(p->model, p->data, numbers, mjSTATE_INTEGRATION);
    /* for its picture; a step begins with them */
    mj_kinematics(p->model, p->data);
    mj_comPos(p->model, p->data);
    mj_camlight(p->model, p->data);
    p->steps = head.steps;
    p->progress = head.progress;
    p->failure = NULL;
    return 0;
}

/* MUJOCO_GL is what tells MuJoCo's own programs what to draw with, and not to. Of their words those that ask for
 * another way than EGL are no fault, but told. */
static bool gl_wanted(void)
{
    static const char *const off[] = {"disable", "disabled", "off", "false", "0"};
    static const char *const on[] = {"egl", "", "enable", "enabled", "on", "true", "1"};
    const char *said = getenv("MUJOCO_GL");
    char line[LINE];
    for (size_t i = 0; said && i < sizeof off / sizeof off[0]; i++)
        if (!strcmp(said, off[i])) return false;
    for (size_t i = 0; i < sizeof on / sizeof on[0]; i++)
        if (!said || !strcmp(said, on[i])) return true;
    snprintf(line, sizeof line, "mujoco: MUJOCO_GL is '%.40s'; known here: egl, disable: pictures are drawn by EGL",
             said);
    say(line);
    return true;
}

static void physics_render(const void *state, uint8_t *rgb)
{
    static enum { UNTRIED, BY_GL, BY_HAND } way;
    if (way == UNTRIED) way = gl_wanted() ? BY_GL : BY_HAND;
    if (way == BY_GL) {
        char line[LINE];
        if (setjmp(landing)) {
            snprintf(line, sizeof line, "mujoco: %.200s: pictures are drawn plainly", reason);
            say(line), way = BY_HAND;
        } else if (!physics_draw_gl(state, rgb)) {
            say("mujoco: no EGL of Mesa's here (packages libegl1, libgl1-mesa-dri): pictures are drawn plainly");
            way = BY_HAND;
        }
    }
    if (way == BY_HAND) physics_draw(state, rgb);
}

const struct env_ops dunlin_env = {
    .api = DUNLIN_ENV_API,
    .name = "mujoco",
    .help = "MuJoCo's tasks as in Gymnasium",
    .open = physics_open,
    .init = physics_init,
    .free = physics_free,
    .reset = physics_reset,
    .step = physics_step,
    .save = physics_save,
    .load = physics_load,
    .render = physics_render,
    .failure = physics_failure,
};
