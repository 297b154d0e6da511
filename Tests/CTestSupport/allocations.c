#include "CTestSupport.h"

#include <stdbool.h>
#include <stddef.h>

static __thread long count;
static __thread bool counting;

void test_count_allocations(void) {
    count = 0;
    counting = true;
}

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)

long test_allocations(void) { return -1; }

#else

// In place of the C library's own for the whole test program, to which these hand over.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static void seen(void) {
    if (counting) count++;
}

void *malloc(size_t size) {
    seen();
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    seen();
    return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
    seen();
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    seen();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    seen();
    *result = __libc_memalign(alignment, size);
    return *result ? 0 : 12;
}

long test_allocations(void) {
    counting = false;
    return count;
}

#endif
