/* svd_impl - what svd.c and svd_refine.c share; internal to lib/spectrum */
#ifndef ULP_SPECTRUM_SVD_IMPL_H
#define ULP_SPECTRUM_SVD_IMPL_H
#include "svd.h"

/* The error of a routine that returned info; what names it. */
int svd_failed(const char *what, int info, struct err *e) MUST_CHECK;
double *svd_doubles(size_t n, size_t m); /* zeroed; free() */
/* Indices of the panel that begins at `at` of the longer side. */
size_t svd_panel(const struct svd *x, size_t at);
/* Sets of, n_short and n_long, and allocates value where it is NULL. */
void svd_start(struct svd *x, const struct operand *o);
/* delta from value[0] and square, by the formula of svd.h. */
void svd_set_delta(struct svd *x);

#endif
