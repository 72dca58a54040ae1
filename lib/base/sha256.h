/* sha256 - the digest that sha256sum prints, by libmd */
#ifndef ULP_BASE_SHA256_H
#define ULP_BASE_SHA256_H
#include "err.h"

/* 64 hex digits over the bytes of a regular file, NUL-terminated. */
int sha256_file(const char *path, char hex[65], struct err *e) MUST_CHECK;

#endif
