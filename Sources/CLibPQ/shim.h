// The C client library of PostgreSQL. Only `Postgres` imports this.
#include <libpq-fe.h>
