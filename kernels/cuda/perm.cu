/* perm - blocks of a sum in the order of the backend */
#include <stdlib.h>
#include "cuda.h"

const int32_t *CU(cuda_perm)(struct cuda *c, uint32_t what, long rows,
                             long cols, long n)
{
    long blocks = (n + CANON_BLOCK - 1) / CANON_BLOCK;
    size_t bytes = perm_bytes(n);
    int32_t *host, *p;

    if (c->k.order.kind != ORDER_SHUFFLED || blocks < 2)
        return NULL;
    host = (int32_t *)malloc(bytes);
    p = (int32_t *)CU(cuda_scratch)(c, S_PERM, bytes);
    if (!host)
        CU(cuda_fail)(c, ERR_IO, "cuda: out of host memory");
    if (host && p) {
        canon_perm(c->k.order.seed, c->k.order_nonce, what, (uint32_t)rows,
                   (uint32_t)cols, host, (int)blocks);
        CU(cuda_upload)(c, p, host, bytes);
    }
    free(host);
    return p;
}
