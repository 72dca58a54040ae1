/* hw - the table of order=hardware; see hw.h */
#include "hw_blas.h"
#include "hw.h"

int CU(hw_open)(struct cuda *c, struct err *e)
{
    if (CU(hw_blas_open)(c, e) != 0)
        return -ERR_IO;
#define SET(op, scratch, hw) K_IF(hw)(c->k.op = CU(hw_##op);)
    K_OPS(SET)
#undef SET
    return 0;
}

void CU(hw_close)(struct cuda *c)
{
    CU(hw_blas_close)(c);
}
