// Counts what a program asks of the memory and of Swift's reference counts. To be preloaded; the program reads the counts
// by the name geo_read_counts. Each function does what it always does.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>

static int64_t mallocs, frees;
// Written by the assembly below.
__attribute__((visibility("hidden"))) volatile int64_t retains, releases;

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

#define COUNT(what) __atomic_fetch_add(&what, 1, __ATOMIC_RELAXED)

void *malloc(size_t size) { COUNT(mallocs); return __libc_malloc(size); }
void *calloc(size_t count, size_t size) { COUNT(mallocs); return __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { COUNT(mallocs); return __libc_realloc(old, size); }
void *aligned_alloc(size_t alignment, size_t size) { COUNT(mallocs); return __libc_memalign(alignment, size); }
int posix_memalign(void **result, size_t alignment, size_t size) {
    COUNT(mallocs);
    *result = __libc_memalign(alignment, size);
    return *result ? 0 : 12;
}
void free(void *block) { if (block) COUNT(frees); __libc_free(block); }

// Retain and release have a calling convention of their own, which keeps the object's register; a count and a jump keep
// all of them. The n variants are rare and not told apart.
void *geo_next(int which) {
    static void *next[4];
    static const char *names[4] = {"swift_retain", "swift_release", "swift_bridgeObjectRetain", "swift_bridgeObjectRelease"};
    if (!next[which]) next[which] = dlsym(RTLD_NEXT, names[which]);
    return next[which];
}
__attribute__((constructor)) static void look_up(void) { for (int which = 0; which < 4; which++) geo_next(which); }

#if defined(__x86_64__)
#define SAVE "push %rax\n push %rdi\n push %rsi\n push %rdx\n push %rcx\n push %r8\n push %r9\n push %r10\n push %r11\n"
#define LOAD "pop %r11\n pop %r10\n pop %r9\n pop %r8\n pop %rcx\n pop %rdx\n pop %rsi\n pop %rdi\n pop %rax\n"
#define FORWARD(name, which, count) \
    __asm__(".globl " #name "\n.type " #name ",@function\n" #name ":\n lock incq " #count "(%rip)\n" SAVE \
            "mov $" #which ", %edi\n call geo_next@PLT\n mov %rax, -8(%rsp)\n" LOAD "jmp *-80(%rsp)\n");
FORWARD(swift_retain, 0, retains)
FORWARD(swift_release, 1, releases)
FORWARD(swift_bridgeObjectRetain, 2, retains)
FORWARD(swift_bridgeObjectRelease, 3, releases)
#endif

void geo_read_counts(int64_t *into) {
    into[0] = mallocs;
    into[1] = frees;
    into[2] = retains;
    into[3] = releases;
}
