/* weights.c -- see weights.h. What a file holds is first compared, name by name, with what the net wants, and then
 * read: so that no size which the file tells decides how much memory is taken. */
#include "store/weights.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "store/checkpoint.h"
#include "store/safetensors.h"

/* The differences, one behind the other, as far as they fit. */
struct differences {
    char line[640];
    int count, told;
};

static void differ(struct differences *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void differ(struct differences *d, const char *fmt, ...)
{
    char one[320];
    va_list args;
    va_start(args, fmt);
    vsnprintf(one, sizeof one, fmt, args);
    va_end(args);
    const size_t at = strlen(d->line);
    d->count++;
    if (d->told + 1 < d->count || at + strlen(one) + 3 >= sizeof d->line) return;
    d->told++;
    snprintf(d->line + at, sizeof d->line - at, "%s%s", at ? "; " : "", one);
}

static void shape_text(char *text, size_t size, int ndim, const int64_t *dims)
{
    size_t at = (size_t)snprintf(text, size, "%s", ndim ? "" : "a single value");
    for (int d = 0; d < ndim && at < size; d++)
        at += (size_t)snprintf(text + at, size - at, "%s%lld", d ? " x " : "", (long long)dims[d]);
}

/* The names by which tensor t may go, k = 0, 1, ...; those from *second on are added to it: PyTorch's LSTM has two
 * biases. NULL behind the last. */
static const char *name_of(const struct tensor *t, int k, char name[SAFE_NAME], bool *second)
{
    static const char *const LSTM[][6] = {
        {"weight_x", "weight_ih", "weight_ih_l0", NULL},
        {"weight_h", "weight_hh", "weight_hh_l0", NULL},
        {"bias", "bias_ih", "bias_ih_l0", "bias_hh", "bias_hh_l0", NULL},
    };
    const size_t prefix = strncmp(t->name, "v_", 2) ? 0 : 2;
    *second = false;
    for (int i = 0; i < 3 && !strncmp(t->name + prefix, "lstm.", 5); i++) {
        if (strcmp(t->name + prefix + 5, LSTM[i][0]) != 0) continue;
        if (!LSTM[i][k]) return NULL;
        snprintf(name, SAFE_NAME, "%.*slstm.%s", (int)prefix, t->name, LSTM[i][k]);
        *second = k > 2;
        return name;
    }
    snprintf(name, SAFE_NAME, "%s", t->name);
    return k ? NULL : name;
}

static bool same_shape(const struct safe_tensor *s, const struct tensor *t)
{
    bool same = s->ndim == t->ndim;
    for (int d = 0; same && d < t->ndim; d++) same = s->dims[d] == t->dims[d];
    return same;
}

/* Which tensors of the file are tensor t of the net: the first, and one to add to it (-1: none). */
struct match {
    int first, second;
};

static struct match match_one(const struct safe_tensor *have, int count, const struct tensor *t, bool *used,
                              struct differences *d)
{
    struct match m = {-1, -1};
    char name[SAFE_NAME], found[160], wanted[160];
    bool second;
    for (int k = 0; name_of(t, k, name, &second); k++)
        for (int i = 0; i < count; i++) {
            int *to = second ? &m.second : &m.first;
            if (strcmp(have[i].name, name) != 0 || *to >= 0) continue;
            *to = i;
            used[i] = true;
            int64_t dims[4];
            for (int a = 0; a < t->ndim; a++) dims[a] = t->dims[a];
            shape_text(found, sizeof found, have[i].ndim, have[i].dims);
            shape_text(wanted, sizeof wanted, t->ndim, dims);
            if (strcmp(have[i].type, "F32") != 0)
                differ(d, "%s is of type %s, and F32 is read", name, have[i].type);
            else if (!same_shape(&have[i], t))
                differ(d, "%s is %s there, and %s here", name, found, wanted);
        }
    if (m.first < 0) differ(d, "%s is not there", t->name);
    return m;
}

/* Each tensor of the net against those of the file. 0, or -1 after error_set(). */
static int match_all(const char *path, const struct safe_tensor *have, int count, const struct net_facts *net,
                     struct match *matches)
{
    struct differences d = {.count = 0};
    bool *used = calloc((size_t)count + 1, sizeof *used);
    char shown[4 * SAFE_NAME], more[48] = "";
    if (!used) return error_set("%s: no memory to read it", path);
    for (int i = 0; i < net->tensor_count; i++) matches[i] = match_one(have, count, &net->tensors[i], used, &d);
    for (int i = 0; i < count; i++)
        if (!used[i]) differ(&d, "%s is not of this network", text_shown(have[i].name, shown, sizeof shown));
    free(used);
    if (!d.count) return 0;
    if (d.told < d.count) snprintf(more, sizeof more, "; and %d more", d.count - d.told);
    return error_set("%.200s does not fit this network: %s%s; --algo, --net, --norm, --lstm, --critic, --sigma, "
                     "--obs-norm, --reward-norm and what the environment shows decide its shape",
                     path, d.line, more);
}

static int read_at(int fd, void *to, size_t n, uint64_t from, const char *path)
{
    for (size_t done = 0; done < n;) {
        const ssize_t now = pread(fd, (char *)to + done, n - done, (off_t)(from + done));
        if (now < 0 && errno == EINTR) continue;
        if (now < 0) return error_set("%s: cannot read: %s", path, strerror(errno));
        if (now == 0) return error_set("%s: it became shorter while it was read", path);
        done += (size_t)now;
    }
    return 0;
}

/* n little-endian floats, in place. */
static void to_host(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char b[4];
        memcpy(b, x + i, 4);
        const uint32_t bits = b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
        memcpy(x + i, &bits, 4);
    }
}

static int read_tensors(int fd, const char *path, const struct safe_tensor *have, const struct match *matches,
                        const struct net_facts *net, float *theta, float *scratch)
{
    for (int i = 0; i < net->tensor_count; i++) {
        const struct tensor *t = &net->tensors[i];
        float *const x = scratch, *const y = scratch + t->size;
        if (read_at(fd, x, t->size * 4, have[matches[i].first].offset, path)) return -1;
        to_host(x, t->size);
        if (matches[i].second >= 0) {
            if (read_at(fd, y, t->size * 4, have[matches[i].second].offset, path)) return -1;
            to_host(y, t->size);
            for (size_t k = 0; k < t->size; k++)
                if (y[k] != 0) x[k] += y[k]; /* and -0 stays what it is */
        }
        tensor_from_textbook(t, theta, x);
    }
    return 0;
}

static size_t largest(const struct net_facts *net)
{
    size_t n = 1;
    for (int i = 0; i < net->tensor_count; i++)
        if (net->tensors[i].size > n) n = net->tensors[i].size;
    return n;
}

/* The header of the open file, malloc'd; NULL after error_set(). */
static unsigned char *read_header(int fd, const char *path, uint64_t *length, uint64_t *data)
{
    unsigned char first[8];
    struct stat st;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) return error_set("%s: is no file", path), NULL;
    const uint64_t size = (uint64_t)st.st_size;
    if (size >= 8 && read_at(fd, first, 8, 0, path)) return NULL;
    *length = size < 8 ? 0 : safetensors_header(first);
    if (*length < 2 || *length > SAFE_HEADER_MOST || *length > size - 8) {
        error_set("%s: is no safetensors file, or cut: it has %llu bytes, and says that its header has %llu", path,
                  (unsigned long long)size, (unsigned long long)*length);
        return NULL;
    }
    *data = size - 8 - *length;
    unsigned char *header = malloc(*length);
    if (!header) return error_set("%s: no memory to read it", path), NULL;
    if (!read_at(fd, header, *length, 8, path)) return header;
    free(header);
    return NULL;
}

static int read_safetensors(const char *path, const struct net_facts *net, float *theta)
{
    uint64_t length, data;
    int count = 0;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return error_set("%s: cannot open: %s", path, strerror(errno));
    unsigned char *header = read_header(fd, path, &length, &data);
    struct safe_tensor *have = header ? safetensors_read(path, header, length, data, &count) : NULL;
    struct match *matches = calloc((size_t)net->tensor_count, sizeof *matches);
    float *scratch = malloc(2 * largest(net) * sizeof *scratch);
    int rc = have ? 0 : -1;
    if (!rc && (!matches || !scratch)) rc = error_set("%s: no memory to read it", path);
    if (!rc) rc = match_all(path, have, count, net, matches);
    if (!rc) rc = read_tensors(fd, path, have, matches, net, theta, scratch);
    free(scratch);
    free(matches);
    free(have);
    free(header);
    close(fd);
    return rc;
}

static int read_checkpoint(const char *file, const struct net *net, float *theta)
{
    const struct net_facts *facts = net_facts(net);
    struct safe_tensor *have = NULL;
    int count = 0;
    struct checkpoint_file *f = checkpoint_find(file, false);
    if (!f) return -1;
    struct match *matches = calloc((size_t)facts->tensor_count, sizeof *matches);
    int rc =
        matches ? checkpoint_list_tensors(f, "params", &have, &count) : error_set("%s: no memory to read it", file);
    if (!rc) rc = match_all(checkpoint_path(f), have, count, facts, matches);
    if (!rc && checkpoint_read_tensors(f, "params", net, theta)) rc = -1;
    free(matches);
    free(have);
    checkpoint_close(&f);
    return rc;
}

int weights_check(const char *path, const struct net_facts *net, const float *theta)
{
    size_t none = 0, all = 0;
    const char *first = NULL;
    for (int i = 0; i < net->tensor_count; i++) {
        const struct tensor *t = &net->tensors[i];
        const bool moments = t->start == TENSOR_MOMENTS && strcmp(t->name, "norm.mean") != 0;
        all += t->size;
        for (size_t k = 0; k < t->size; k++) {
            const float x = theta[t->offset + k];
            if (moments && x < 0) return error_set("%s: %s holds %g, less than 0", path, t->name, (double)x);
            if (isfinite(x)) continue;
            if (!first) first = t->name;
            none++;
        }
    }
    if (!none) return 0;
    return error_set("%s: NaN or Inf in %zu of its %zu weights, the first in %s", path, none, all, first);
}

static int check_given(const char *path, const struct net_facts *net, const float *theta)
{
    if (!weights_check(path, net, theta)) return 0;
    return error_set("%s; give weights that are numbers, as an earlier checkpoint's or checkpoint-best.h5",
                     error_text());
}

int weights_read(const char *file, const struct net *net, float *theta)
{
    const struct net_facts *facts = net_facts(net);
    const int rc =
        text_ends_with(file, ".safetensors") ? read_safetensors(file, facts, theta) : read_checkpoint(file, net, theta);
    return rc ? -1 : check_given(file, facts, theta);
}

int weights_of_checkpoint(struct checkpoint_file *f, bool ema, const struct net *net, float *theta)
{
    const int rc = checkpoint_read_tensors(f, ema ? "ema" : "params", net, theta);
    if (rc <= 0) return rc ? rc : check_given(checkpoint_path(f), net_facts(net), theta);
    if (!ema) return error_set("%s: there is no group /params", checkpoint_path(f));
    return error_set("%s: there is no /ema, since the run keeps no average of its weights (train --ema D); leave "
                     "--ema out",
                     checkpoint_path(f));
}
