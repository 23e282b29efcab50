// The reentrant C API of GEOS. Only `Geo` imports this.
#ifndef GEOS_USE_ONLY_R_API
#define GEOS_USE_ONLY_R_API
#endif
#include <geos_c.h>
// The one instruction that Swift cannot spell: asks for a cache line without waiting for it. The live index's search uses
// it for cells that it is about to visit.
static inline __attribute__((always_inline)) void geo_prefetch(const void *address) { __builtin_prefetch(address); }
// Tells the processor that this thread asks for something again and again.
static inline __attribute__((always_inline)) void geo_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}
