/* nn_subject.h -- a network with made input, held against the slow twin (nn_twin.h) and finite differences of it. */
#ifndef DUNLIN_TESTS_NN_SUBJECT_H
#define DUNLIN_TESTS_NN_SUBJECT_H

#include "base/error.h"
#include "nets.h"
#include "nn_twin.h"

/* A network, its input and everything that a rollout of T steps in E environments needs. */
struct subject {
    struct net *net;
    const struct net_facts *facts;
    struct net_work *work;
    float *theta, *dtheta, *state;
    int T, E, per_row; /* pointers of a row */
    float **x;         /* each allocated at its exact size, so that the sanitizer sees a read past a frame */
    struct rng rng;
};

static inline float symmetric(struct rng *rng)
{
    return (float)(2 * rng_uniform(rng) - 1);
}

static inline struct subject subject_of(const struct net_config *config, int T, int E)
{
    const struct net_input input = config->input;
    const int lstm = config->lstm, actions = config->outputs;
    struct subject s = {.net = net_new(config), .T = T, .E = E};
    if (!s.net) fail_msg("%s", error_text());
    s.facts = net_facts(s.net);
    s.work = net_work_new(s.net, T * E);
    s.rng = rng_make(7, lstm, RNG_TEST, actions);
    s.theta = malloc(s.facts->params * sizeof(float));
    s.dtheta = malloc(s.facts->params * sizeof(float));
    net_init(s.net, NET_INIT_UNIFORM, s.theta, &s.rng);
    net_draw_norms(s.facts, s.theta, &s.rng);
    for (size_t i = 0; i < s.facts->params; i++) s.dtheta[i] = NAN; /* backward overwrites everything */
    s.per_row = net_pointers(&input);
    const size_t floats = (size_t)(input.C > 0 ? input.height * input.width : input.dim / s.per_row);
    s.x = malloc((size_t)(T * E * s.per_row) * sizeof *s.x);
    for (int k = 0; k < T * E * s.per_row; k++) {
        s.x[k] = malloc(floats * sizeof(float));
        for (size_t i = 0; i < floats; i++) s.x[k][i] = input.C > 0 ? (float)rng_uniform(&s.rng) : symmetric(&s.rng);
    }
    s.state = calloc((size_t)(E * s.facts->state_dim) + 1, sizeof(float));
    for (int r = 0; r < T * E; r++)
        for (int i = 0; i < s.facts->out_dim; i++) net_dout(s.work, r)[i] = symmetric(&s.rng);
    return s;
}

static inline struct subject subject_new(const char *spec, int lstm, struct net_input input, enum net_heads heads,
                                         int actions, int T, int E)
{
    return subject_of(
        &(struct net_config){.spec = spec, .lstm = lstm, .input = input, .heads = heads, .outputs = actions}, T, E);
}

static inline void subject_free(struct subject *s)
{
    net_work_free(&s->work);
    net_free(&s->net);
    EXPECT(!s->work && !s->net);
    for (int k = 0; k < s->T * s->E * s->per_row; k++) free(s->x[k]);
    free(s->x), free(s->theta), free(s->dtheta), free(s->state);
}

static inline void forward(struct subject *s, int row0, int B)
{
    net_forward(s->net, s->theta, s->work, row0, B, (const float *const *)s->x + row0 * s->per_row,
                s->facts->state_dim ? s->state : NULL);
}

static inline double norm(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i] * x[i];
    return sqrt(sum);
}

/* dtheta against textbook gradients: every entry within tolerance of its tensor's norm, the padding 0. */
static inline void expect_gradient(const struct subject *s, double *const *dp, double tolerance)
{
    float *book = malloc(s->facts->params * sizeof(float));
    size_t end = 0;
    for (int k = 0; k < s->facts->tensor_count; k++) {
        const struct tensor *t = &s->facts->tensors[k];
        const double bound = tolerance * norm(dp[k], t->size) + 1e-30;
        EXPECT(t->offset % 16 == 0 && t->offset >= end && t->offset - end < 16);
        for (; end < t->offset; end++) EXPECT(s->dtheta[end] == 0 && s->theta[end] == 0);
        end += t->size;
        tensor_to_textbook(t, s->dtheta, book);
        for (size_t i = 0; i < t->size; i++)
            if (!(fabs(book[i] - dp[k][i]) <= bound))
                fail_msg("%s[%zu] is %g, not %g; the norm is %g", t->name, i, (double)book[i], dp[k][i],
                         bound / tolerance);
    }
    EXPECT(s->facts->params % 16 == 0 && s->facts->params - end < 16);
    for (; end < s->facts->params; end++) EXPECT(s->dtheta[end] == 0 && s->theta[end] == 0);
    free(book);
}

/* The loss dout . y over a rollout by the twins, with environments' states from 0 and resets where start says. */
static inline double twin_loss(struct subject *s, struct twin *twin, const uint8_t *start)
{
    const int N = twin->cells, width = twin->layer[twin->count - 1].out;
    double loss = 0;
    for (int e = 0; e < s->E; e++)
        for (int t = 0; t < s->T; t++) {
            const int r = t * s->E + e;
            if (N && (t == 0 || (start && start[r])))
                for (int j = 0; j < N; j++) twin->h[j] = twin->c[j] = 0;
            const double *y = twin_forward(twin, (const float *const *)s->x + r * s->per_row);
            for (int i = 0; i < width; i++) loss += y[i] * (double)net_dout(s->work, r)[twin->first + i];
        }
    return loss;
}

/* Our gradient against central differences of the twin's loss, at some entries of every tensor. */
static inline void differences_of(struct net_config config, int T, int E, const uint8_t *start)
{
    enum { SAMPLES = 24 };
    const double h = 1e-6;
    struct subject s = subject_of(&config, T, E);
    const size_t dim = (size_t)s.facts->state_dim;
    struct twin *part[2] = {twin_part(s.net, s.theta, NULL, false), twin_part(s.net, s.theta, NULL, true)};
    float *book = malloc(s.facts->params * sizeof(float));
    part[0]->tanh = part[1]->tanh = config.activation == ACTIVATION_TANH;
    for (int t = 0; t < T; t++) {
        for (int e = 0; start && dim && e < E; e++)
            if (start[t * E + e]) memset(s.state + (size_t)e * dim, 0, dim * sizeof(float));
        forward(&s, t * E, E);
    }
    net_backward(s.net, s.theta, s.work, T, E, start, s.dtheta);
    for (int k = 0; k < s.facts->tensor_count; k++) {
        const struct tensor *t = &s.facts->tensors[k];
        struct twin *twin = part[config.separate_critic && t->name[0] == 'v'];
        double largest = 0;
        tensor_to_textbook(t, s.dtheta, book);
        for (size_t i = 0; i < t->size; i++) largest = fmax(largest, fabs((double)book[i]));
        EXPECT(largest > 0 || T == 1); /* from h = 0, weight_h has no gradient in one step */
        for (int n = 0; n < SAMPLES; n++) {
            const size_t i = (size_t)(rng_uniform(&s.rng) * (double)t->size);
            const double p = twin->p[k][i];
            twin->p[k][i] = p + h;
            const double plus = twin_loss(&s, twin, start);
            twin->p[k][i] = p - h;
            const double minus = twin_loss(&s, twin, start);
            twin->p[k][i] = p;
            EXPECT_NEAR(book[i], (plus - minus) / (2 * h), 1e-5 * largest + 1e-7);
        }
    }
    free(book);
    twin_free(part[0]), twin_free(part[1]);
    subject_free(&s);
}

#endif
