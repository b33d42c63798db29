/* heap.h -- what a test has taken from the heap. */
#ifndef TESTS_HEAP_H
#define TESTS_HEAP_H

#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__ || __has_feature(address_sanitizer) ||                 \
    __has_feature(thread_sanitizer)
#define HEAP_OF_SANITIZER
extern size_t __sanitizer_get_current_allocated_bytes(void); /* its header does not come with gcc */
#endif

/* Bytes on the heap, as far as its allocator tells. */
static inline double heap_bytes(void)
{
#ifdef HEAP_OF_SANITIZER
    return (double)__sanitizer_get_current_allocated_bytes();
#else
    const struct mallinfo2 info = mallinfo2();
    return (double)(info.uordblks + info.hblkhd);
#endif
}

/* Does that move with what is taken? Not where another allocator is in the library's place, as under valgrind. */
static inline bool heap_tells(void)
{
    const double before = heap_bytes();
    void *volatile some = malloc(65536);
    const bool moved = heap_bytes() > before;
    free(some);
    return moved;
}

#endif
