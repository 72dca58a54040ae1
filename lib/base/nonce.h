/* nonce - hex digits that nobody can guess. Header only. */
#ifndef ULP_BASE_NONCE_H
#define ULP_BASE_NONCE_H
#include <stdio.h>
#include <sys/random.h>

/* Hex digits of a nonce, at most. */
enum { NONCE_MOST = 128 };

/* n hex digits and a NUL into out; n is even, at most NONCE_MOST. -1: no random
 * numbers, errno says why. */
static inline int nonce_draw(char *out, size_t n)
{
    unsigned char raw[NONCE_MOST / 2];

    if (getrandom(raw, n / 2, 0) != (ssize_t)(n / 2))
        return -1;
    for (size_t i = 0; i < n / 2; i++)
        snprintf(out + 2 * i, 3, "%02x", raw[i]);
    return 0;
}

#endif
