/* kernel_lstm.c -- the cells of an LSTM: four gates and the state, element by element, in one pass. */
#include "nn/kernels.h"
#include "nn/vector_math.h"

/* n of the cells from j on: VECTOR but at the end of a row. */
INLINE void forward_cells(const struct cells_job *job, int j, int n)
{
    const int N = job->N;
    float *gates = job->gates + j;
    const vf i = sigmoid_of(load_some(gates, n)), f = sigmoid_of(load_some(gates + N, n)),
             g = tanh_of(load_some(gates + 2 * N, n)), o = sigmoid_of(load_some(gates + 3 * N, n));
    const vf after = f * load_some(job->c + j, n) + i * g, tanh_c = tanh_of(after), y = o * tanh_c;
    store_some(gates, i, n), store_some(gates + N, f, n), store_some(gates + 2 * N, g, n),
        store_some(gates + 3 * N, o, n);
    store_some(job->tanh_c + j, tanh_c, n);
    store_some(job->y + j, y, n), store_some(job->h_after + j, y, n), store_some(job->c_after + j, after, n);
}

void KERNEL(cells_forward)(const struct cells_job *job)
{
    int j = 0;
    for (; j <= job->N - VECTOR; j += VECTOR) forward_cells(job, j, VECTOR);
    if (j < job->N) forward_cells(job, j, job->N - j);
}

INLINE void backward_cells(const struct cells_back_job *job, int j, int n)
{
    const int N = job->N;
    const float *gates = job->gates + j;
    float *dgates = job->dgates + j;
    const vf i = load_some(gates, n), f = load_some(gates + N, n), g = load_some(gates + 2 * N, n),
             o = load_some(gates + 3 * N, n), tanh_c = load_some(job->tanh_c + j, n);
    const vf dh = load_some(job->dy + j, n) + load_some(job->dh + j, n),
             dc = load_some(job->dc + j, n) + dh * o * (1.0f - tanh_c * tanh_c);
    store_some(dgates, dc * g * i * (1.0f - i), n);
    store_some(dgates + N, dc * load_some(job->c + j, n) * f * (1.0f - f), n);
    store_some(dgates + 2 * N, dc * i * (1.0f - g * g), n);
    store_some(dgates + 3 * N, dh * tanh_c * o * (1.0f - o), n);
    store_some(job->dc + j, dc * f, n);
}

void KERNEL(cells_backward)(const struct cells_back_job *job)
{
    int j = 0;
    for (; j <= job->N - VECTOR; j += VECTOR) backward_cells(job, j, VECTOR);
    if (j < job->N) backward_cells(job, j, job->N - j);
}
