/* context - errors that the next sync gives */
#include <stdarg.h>
#include <stdio.h>
#include "cuda.h"

void CU(cuda_fail)(struct cuda *c, int code, const char *fmt, ...)
{
    char msg[512];
    va_list ap;

    if (c->first_err.code)
        return;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    err_set(&c->first_err, code, "%s", msg);
}

void CU(cuda_check)(struct cuda *c, const char *what, cudaError_t r)
{
    if (r != cudaSuccess)
        CU(cuda_fail)(c, ERR_IO, "cuda: %s: %s", what, cudaGetErrorString(r));
}

unsigned long long *CU(cuda_bad)(struct cuda *c, int which, int limit)
{
    c->bad_limit[which] = limit;
    c->may_be_bad = 1;
    return c->bad + which;
}
