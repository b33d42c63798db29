/* weak.h -- memory as weak as C11 allows it, for test_weak.c: what includes this before the sources of src/share runs
 * them in two threads of one process that take turns at any atomic access, fence or copied word, by a seed.
 *
 * Each word of the window keeps all that was ever written to it. A thread may read anything that is no older than
 * what it has seen of that word: a view says which. A store takes the view of its thread along if it is a release (or
 * follows a release fence); who reads it with acquire (or fences so later) has that view from then on; sequentially
 * consistent fences hand on a view of their own. So aarch64 may behave, and worse. Copies are words read and written
 * relaxed. */
#ifndef DUNLIN_TESTS_WEAK_H
#define DUNLIN_TESTS_WEAK_H

#include "testing.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <ucontext.h>

enum { WEAK_WORDS = 1024, WEAK_WRITES = 200000, WEAK_STACK = 1 << 18 };

struct view {
    uint16_t seen[WEAK_WORDS]; /* the place in a word's history */
};
struct write {
    uint64_t value;
    int before; /* the write before it to the same word; -1: none */
    int view;   /* of views; -1: nothing is handed on */
};
static struct {
    unsigned char arena[WEAK_WORDS * 8] __attribute__((aligned(64)));
    struct write writes[WEAK_WRITES];
    int last[WEAK_WORDS], count[WEAK_WORDS], written;
    struct view *views, consistent;
    int view_count;
    struct thread {
        struct view now, read, fenced; /* what it has seen; what its relaxed reads would hand on; at its last release */
        ucontext_t context;
        bool over;
    } threads[2];
    int running;
    bool concurrent;
    uint64_t drawn;
    ucontext_t caller;
} weak;

static uint64_t weak_draw(uint64_t below)
{
    weak.drawn = testing_mix(weak.drawn);
    return (weak.drawn >> 20) % below;
}

static void weak_join(struct view *to, const struct view *from)
{
    for (int w = 0; w < WEAK_WORDS; w++)
        if (from->seen[w] > to->seen[w]) to->seen[w] = from->seen[w];
}

/* The other thread may go on. */
static void weak_turn(void)
{
    const int me = weak.running, other = !me;
    if (!weak.concurrent || weak.threads[other].over || weak_draw(3)) return;
    weak.running = other;
    swapcontext(&weak.threads[me].context, &weak.threads[other].context);
}

static bool weak_has(const volatile void *at)
{
    const unsigned char *p = (const unsigned char *)(uintptr_t)at;
    return p >= weak.arena && p < weak.arena + sizeof weak.arena;
}
static int weak_word(const volatile void *at)
{
    return (int)(((const unsigned char *)(uintptr_t)at - weak.arena) / 8);
}

static void weak_write(int word, uint64_t value, bool release)
{
    struct thread *t = &weak.threads[weak.running];
    const struct view *with = release ? &t->now : &t->fenced;
    assert_true(weak.written < WEAK_WRITES && weak.count[word] < UINT16_MAX);
    t->now.seen[word] = (uint16_t)++weak.count[word];
    if (weak.concurrent) {
        weak.views[weak.view_count] = *with;
        weak.views[weak.view_count].seen[word] = t->now.seen[word];
    }
    weak.writes[weak.written] = (struct write){value, weak.last[word], weak.concurrent ? weak.view_count++ : -1};
    weak.last[word] = weak.written++;
}

static uint64_t weak_read(int word, bool acquire, bool newest)
{
    struct thread *t = &weak.threads[weak.running];
    if (!weak.count[word]) return 0;
    int back = weak.count[word] - t->now.seen[word], at = weak.last[word];
    if (newest || weak_draw(2)) back = 0;
    if (back) back = (int)weak_draw((uint64_t)back + 1);
    t->now.seen[word] = (uint16_t)(weak.count[word] - back);
    for (; back; back--) at = weak.writes[at].before;
    if (at < 0) return 0; /* as it was before all writing */
    const struct write *w = &weak.writes[at];
    if (w->view >= 0) weak_join(acquire ? &t->now : &t->read, &weak.views[w->view]);
    return w->value;
}

static void weak_fence(memory_order order)
{
    struct thread *t = &weak.threads[weak.running];
    if (order == memory_order_relaxed) return;
    weak_turn();
    if (order != memory_order_release) weak_join(&t->now, &t->read);
    if (order == memory_order_seq_cst) {
        weak_join(&t->now, &weak.consistent);
        weak.consistent = t->now;
    }
    if (order != memory_order_acquire) t->fenced = t->now;
}

static uint64_t weak_load(const volatile void *at, memory_order order)
{
    weak_turn();
    if (order == memory_order_seq_cst) weak_fence(order);
    return weak_read(weak_word(at), order != memory_order_relaxed, false);
}
static void weak_store(volatile void *at, uint64_t value, memory_order order)
{
    weak_turn();
    if (order == memory_order_seq_cst) weak_fence(order);
    weak_write(weak_word(at), value, order != memory_order_relaxed);
    if (order == memory_order_seq_cst) weak_fence(order);
}
static uint64_t weak_add(volatile void *at, uint64_t more)
{
    weak_fence(memory_order_seq_cst);
    const uint64_t before = weak_read(weak_word(at), true, true);
    weak_write(weak_word(at), before + more, true);
    return before;
}

static void weak_copy(void *to, const void *from, size_t n)
{
    if (!weak_has(to) && !weak_has(from)) {
        memcpy(to, from, n);
        return;
    }
    for (size_t i = 0; i < n; i += 8) {
        uint64_t value = 0;
        const size_t part = n - i < 8 ? n - i : 8;
        if (weak_has(from))
            value = weak_load((const char *)from + i, memory_order_relaxed);
        else
            memcpy(&value, (const char *)from + i, part);
        if (weak_has(to))
            weak_store((char *)to + i, value, memory_order_relaxed);
        else
            memcpy((char *)to + i, &value, part);
    }
}

static void (*weak_body[2])(void);
static void weak_run_one(int i)
{
    weak_body[i]();
    weak.threads[i].over = true;
    if (weak.threads[!i].over) setcontext(&weak.caller);
    weak.running = !i;
    setcontext(&weak.threads[!i].context);
}

static void weak_begin(uint64_t seed)
{
    if (!weak.views) weak.views = malloc(WEAK_WRITES * sizeof *weak.views);
    struct view *views = weak.views;
    memset(&weak, 0, sizeof weak);
    weak.views = views;
    weak.drawn = seed;
    memset(weak.last, -1, sizeof weak.last);
}

static void weak_make_context(ucontext_t *context, char *stack, int thread)
{
    getcontext(context);
    context->uc_stack.ss_sp = stack;
    context->uc_stack.ss_size = WEAK_STACK;
    makecontext(context, (void (*)(void))weak_run_one, 1, thread);
}

/* Runs both, beginning with what has been written so far seen by both, to the end of both. */
static void weak_run(void (*one)(void), void (*two)(void))
{
    static char stacks[2][WEAK_STACK];
    weak_body[0] = one, weak_body[1] = two;
    for (int i = 0; i < 2; i++) {
        struct thread *t = &weak.threads[i];
        for (int w = 0; w < WEAK_WORDS; w++) t->now.seen[w] = (uint16_t)weak.count[w];
        t->fenced = t->now;
        weak_make_context(&t->context, stacks[i], i);
    }
    weak.concurrent = true;
    weak.running = 0;
    swapcontext(&weak.caller, &weak.threads[0].context);
    weak.concurrent = false;
}

#undef atomic_load_explicit
#undef atomic_store_explicit
#undef atomic_load
#undef atomic_store
#undef atomic_fetch_add
#undef atomic_fetch_add_explicit
#undef atomic_thread_fence
#define WEAK_AS(at, value) _Generic((at), _Atomic uint32_t * : (uint32_t)(value), default : (value)) /* of its size */
#define atomic_load_explicit(at, order) WEAK_AS(at, weak_has(at) ? weak_load((at), (order)) : (uint64_t) * (at))
#define atomic_store_explicit(at, value, order)                                                                        \
    (weak_has(at) ? weak_store((at), (uint64_t)(value), (order)) : (void)(*(at) = (value)))
#define atomic_load(at) atomic_load_explicit(at, memory_order_seq_cst)
#define atomic_store(at, value) atomic_store_explicit(at, value, memory_order_seq_cst)
#define atomic_fetch_add(at, more) WEAK_AS(at, weak_add((at), (more)))
#define atomic_fetch_add_explicit(at, more, order) weak_add((at), (more))
#define atomic_thread_fence(order) weak_fence(order)

#endif
