/* heap.h -- what a test has taken from the heap. */
#ifndef TESTS_HEAP_H
#define TESTS_HEAP_H

#include <malloc.h>

#ifdef __SANITIZE_ADDRESS__
extern size_t __sanitizer_get_current_allocated_bytes(void); /* its header does not come with gcc */
#endif

/* Bytes on the heap, as far as its allocator tells. */
static inline double heap_bytes(void)
{
#ifdef __SANITIZE_ADDRESS__
    return (double)__sanitizer_get_current_allocated_bytes();
#else
    const struct mallinfo2 info = mallinfo2();
    return (double)(info.uordblks + info.hblkhd);
#endif
}

#endif
