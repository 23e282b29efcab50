// The C client library of PostgreSQL, and the kernel's wake-up counter that Swift's C library module leaves out.
// Only `Postgres` imports this.
#include <libpq-fe.h>
#include <sys/eventfd.h>
