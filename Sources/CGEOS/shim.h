// The reentrant C API of GEOS. Only `Geo` imports this.
#ifndef GEOS_USE_ONLY_R_API
#define GEOS_USE_ONLY_R_API
#endif
#include <geos_c.h>
