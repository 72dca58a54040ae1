/* sha256 - the digest that sha256sum prints, by libmd */
#ifndef ULP_TASKS_SHA256_H
#define ULP_TASKS_SHA256_H
#include "../base/err.h"

/* 64 hex digits over the bytes of a regular file, NUL-terminated. */
int sha256_file(const char *path, char hex[65], struct err *e) MUST_CHECK;

#endif
