/* model.c -- see model.h. */
#include "store/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "dunlin/env.h"

static const char *const HEADS[] = {[NET_HEADS_Q] = "q", [NET_HEADS_POLICY_V] = "policy"};

static int put_numbers(hid_t group, const char *name, const float *x, int n, const char *path)
{
    const hsize_t dim = (hsize_t)n;
    return x && n ? h5_put_data(group, name, 1, &dim, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, x, path) : 0;
}

int model_put(hid_t file, const struct model *m, const char *path)
{
    const hsize_t components = (hsize_t)m->components;
    H5_AUTO hid_t group = H5I_INVALID_HID;
    H5_CHECK(group = H5Gcreate2(file, "model", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), path, "write /model");
    const struct {
        const char *key;
        int value;
    } numbers[] = {{"planes", m->input.C},       {"height", m->input.height}, {"width", m->input.width},
                   {"floats", m->input.dim},     {"numbers", m->numbers},     {"stack", m->stack},
                   {"outputs", m->outputs},      {"free", m->free},           {"action_dim", m->action_dim},
                   {"components", m->components}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (h5_put_int(group, numbers[i].key, numbers[i].value, path)) return -1;
    if (h5_put_text(group, "heads", HEADS[m->heads], path) || h5_put_text(group, "policy", m->policy, path) ||
        put_numbers(group, "obs_centre", m->centre, m->numbers, path) ||
        put_numbers(group, "obs_scale", m->scale, m->numbers, path) ||
        put_numbers(group, "action_low", m->low, m->action_dim, path) ||
        put_numbers(group, "action_high", m->high, m->action_dim, path))
        return -1;
    if (!components) return 0;
    return h5_put_data(group, "choices", 1, &components, H5T_STD_I32LE, H5T_NATIVE_INT, m->choices, path);
}

/* n values of a class, 4 bytes each, malloc'd; *to NULL where there are none. */
static int get_data(hid_t group, const char *name, int n, H5T_class_t class, void **to, const char *path)
{
    hsize_t dims[H5S_MAX_RANK];
    H5_AUTO hid_t set = H5I_INVALID_HID;
    H5_AUTO hid_t space = H5I_INVALID_HID;
    H5_AUTO hid_t type = H5I_INVALID_HID;
    *to = NULL;
    if (!n || !h5_exists(group, name)) return 0;
    H5_CHECK(set = H5Dopen2(group, name, H5P_DEFAULT), path, "read /model");
    H5_CHECK(space = H5Dget_space(set), path, "read /model");
    H5_CHECK(type = H5Dget_type(set), path, "read /model");
    if (h5_own_storage(set, name, path)) return -1;
    if (H5Sget_simple_extent_dims(space, dims, NULL) != 1 || dims[0] != (hsize_t)n || H5Tget_class(type) != class ||
        H5Tget_size(type) != 4)
        return error_set("%s: /model/%s is no list of %d numbers of 4 bytes", path, name, n);
    *to = malloc((size_t)n * 4);
    if (!*to) return error_set("%s: no memory to read it", path);
    H5_CHECK(H5Dread(set, class == H5T_FLOAT ? H5T_NATIVE_FLOAT : H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, *to),
             path, "read /model");
    for (int i = 0; class == H5T_FLOAT && i < n; i++)
        if (!isfinite(((const float *)*to)[i])) return error_set("%s: /model/%s holds a NaN or Inf", path, name);
    return 0;
}

/* Do the numbers belong together as an environment's would; 0, or -1 after error_set(). */
static int check(const struct model *m, const char *path)
{
    const struct net_input *in = &m->input;
    const bool picture = in->C > 0;
    const bool well = picture ? in->height > 0 && in->width > 0 && !in->dim && !m->numbers && in->C % m->stack == 0
                              : in->dim > 0 && !in->height && !in->width && in->dim == m->numbers * m->stack;
    if (!well || m->free >= m->outputs)
        return error_set("%s: /model says %d planes of %dx%d, %d floats, %d numbers, a stack of %d, %d outputs, %d of "
                         "them free: not written by Dunlin",
                         path, in->C, in->height, in->width, in->dim, m->numbers, m->stack, m->outputs, m->free);
    return 0;
}

static int get_all(hid_t group, struct model *m, const char *path)
{
    char heads[16];
    int values[10];
    static const struct {
        const char *key;
        int low, high;
    } rows[10] = {{"planes", 0, ENV_PLANES_MOST * ENV_STACK_MOST},
                  {"height", 0, ENV_INPUT_MOST / ENV_PICTURE_SIDE_LEAST},
                  {"width", 0, ENV_INPUT_MOST / ENV_PICTURE_SIDE_LEAST},
                  {"floats", 0, 1 << 28},
                  {"numbers", 0, 1 << 28},
                  {"stack", 1, ENV_STACK_MOST},
                  {"outputs", 1, MODEL_PARTS_MOST},
                  {"free", 0, MODEL_PARTS_MOST},
                  {"action_dim", 0, MODEL_PARTS_MOST},
                  {"components", 0, MODEL_PARTS_MOST}};
    for (int i = 0; i < 10; i++) {
        int64_t value = -1;
        if (h5_get_int(group, rows[i].key, &value, path) < 0) return -1;
        if (value < rows[i].low || value > rows[i].high)
            return error_set("%s: /model says %s %lld; %d to %d are allowed", path, rows[i].key, (long long)value,
                             rows[i].low, rows[i].high);
        values[i] = (int)value;
    }
    int rc = h5_get_text(group, "heads", heads, sizeof heads, path);
    if (!rc) rc = h5_get_text(group, "policy", m->policy, sizeof m->policy, path);
    if (rc < 0) return -1;
    if (rc || (strcmp(heads, HEADS[0]) != 0 && strcmp(heads, HEADS[1]) != 0))
        return error_set("%s: /model says no heads (q or policy)", path);
    m->heads = strcmp(heads, HEADS[NET_HEADS_Q]) ? NET_HEADS_POLICY_V : NET_HEADS_Q;
    m->numbers = values[4], m->stack = values[5], m->outputs = values[6], m->free = values[7];
    m->action_dim = values[8], m->components = values[9];
    m->input = (struct net_input){.C = values[0], .height = values[1], .width = values[2], .dim = values[3]};
    m->input.parts = m->stack;
    if (check(m, path) || get_data(group, "obs_centre", m->numbers, H5T_FLOAT, (void **)&m->centre, path) ||
        get_data(group, "obs_scale", m->numbers, H5T_FLOAT, (void **)&m->scale, path) ||
        get_data(group, "action_low", m->action_dim, H5T_FLOAT, (void **)&m->low, path) ||
        get_data(group, "action_high", m->action_dim, H5T_FLOAT, (void **)&m->high, path) ||
        get_data(group, "choices", m->components, H5T_INTEGER, (void **)&m->choices, path))
        return -1;
    if ((m->action_dim && (!m->low || !m->high)) || (m->components && !m->choices))
        return error_set("%s: /model tells of actions without their bounds", path);
    return 0;
}

int model_get(hid_t file, struct model *m, const char *path)
{
    memset(m, 0, sizeof *m);
    if (!h5_exists(file, "model")) return 1;
    H5_AUTO hid_t group = H5I_INVALID_HID;
    H5_CHECK(group = H5Gopen2(file, "model", H5P_DEFAULT), path, "read /model");
    return get_all(group, m, path);
}

void model_free(struct model *m)
{
    free((void *)m->centre);
    free((void *)m->scale);
    free((void *)m->low);
    free((void *)m->high);
    free((void *)m->choices);
    memset(m, 0, sizeof *m);
}
