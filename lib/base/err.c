/* err - fill and prefix error messages */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "err.h"

/* A new fault in *e, which is not NULL. */
static void fill(struct err *e, int code, const char *fmt, va_list ap)
{
    e->code = code;
    e->no_memory = e->reader_left = 0;
    vsnprintf(e->msg, sizeof e->msg, fmt, ap);
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
    va_list ap;

    if (!e)
        return -code;
    va_start(ap, fmt);
    fill(e, code, fmt, ap);
    va_end(ap);
    return -code;
}

int err_errno(struct err *e, int code, const char *fmt, ...)
{
    int no = errno;
    va_list ap;
    size_t n;

    if (!e)
        return -code;
    va_start(ap, fmt);
    fill(e, code, fmt, ap);
    va_end(ap);
    n = strlen(e->msg);
    snprintf(e->msg + n, sizeof e->msg - n, ": %s", strerror(no));
    return -code;
}

int err_memory(struct err *e, const char *fmt, ...)
{
    va_list ap;

    if (!e)
        return -ERR_IO;
    va_start(ap, fmt);
    fill(e, ERR_IO, fmt, ap);
    va_end(ap);
    e->no_memory = 1;
    return -ERR_IO;
}

int err_suffix(struct err *e, const char *fmt, ...)
{
    va_list ap;
    size_t n;

    if (!e)
        return -ERR_DATA;
    n = strlen(e->msg);
    va_start(ap, fmt);
    vsnprintf(e->msg + n, sizeof e->msg - n, fmt, ap);
    va_end(ap);
    return -e->code;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
    char old[sizeof e->msg];
    va_list ap;
    size_t n;

    if (!e)
        return -ERR_DATA;
    memcpy(old, e->msg, sizeof old);
    va_start(ap, fmt);
    vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    n = strlen(e->msg);
    snprintf(e->msg + n, sizeof e->msg - n, ": %s", old);
    return -e->code;
}
