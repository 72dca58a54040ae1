/* svd_impl - what svd.c and svd_refine.c share; internal to lib/spectrum */
#ifndef ULP_SPECTRUM_SVD_IMPL_H
#define ULP_SPECTRUM_SVD_IMPL_H
#include "svd.h"

int svd_failed(const char *what, int info, struct err *e) MUST_CHECK;
double *svd_doubles(size_t n, size_t m); /* zeroed; free() */
size_t svd_panel(const struct svd *x, size_t at);
void svd_start(struct svd *x, const struct operand *o);
void svd_set_delta(struct svd *x);

#endif
