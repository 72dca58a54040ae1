/* lapack - the routines of BLAS and LAPACK that are used, as Fortran calls
 *
 * Debian's libopenblas has both. Matrices are column-major; the sizes behind
 * the arguments are the lengths of the character arguments.
 */
#ifndef ULP_SPECTRUM_LAPACK_H
#define ULP_SPECTRUM_LAPACK_H
#include <stddef.h>

/* Of OpenBLAS: threads of a call. A build without threads has it, too. */
void openblas_set_num_threads(int n);
/* 0: a build without threads. It has no locks either: calls of two threads share
 * their buffers, and results are wrong. */
int openblas_get_parallel(void);

/* BLAS: C = alpha A A' + beta C; C = alpha A B + beta C. LAPACK: reduction to
 * tridiagonal form, its eigenvalues and vectors, SVD, QR, a tridiagonal system.
 * The names are those of netlib, where each is documented. */
void dsyrk_(const char *uplo, const char *trans, const int *n, const int *k,
            const double *alpha, const double *a, const int *lda,
            const double *beta, double *c, const int *ldc, size_t, size_t);
void dgemm_(const char *ta, const char *tb, const int *m, const int *n,
            const int *k, const double *alpha, const double *a, const int *lda,
            const double *b, const int *ldb, const double *beta, double *c,
            const int *ldc, size_t, size_t);
void dsytrd_(const char *uplo, const int *n, double *a, const int *lda,
             double *d, double *e, double *tau, double *work, const int *lwork,
             int *info, size_t);
void dsterf_(const int *n, double *d, double *e, int *info);
void dstemr_(const char *job, const char *range, const int *n, double *d,
             double *e, const double *vl, const double *vu, const int *il,
             const int *iu, int *m, double *w, double *z, const int *ldz,
             const int *nzc, int *isuppz, int *tryrac, double *work,
             const int *lwork, int *iwork, const int *liwork, int *info, size_t,
             size_t);
void dormtr_(const char *side, const char *uplo, const char *trans,
             const int *m, const int *n, const double *a, const int *lda,
             const double *tau, double *c, const int *ldc, double *work,
             const int *lwork, int *info, size_t, size_t, size_t);
void dgesdd_(const char *job, const int *m, const int *n, double *a,
             const int *lda, double *s, double *u, const int *ldu, double *vt,
             const int *ldvt, double *work, const int *lwork, int *iwork,
             int *info, size_t);
void dgeqrf_(const int *m, const int *n, double *a, const int *lda, double *tau,
             double *work, const int *lwork, int *info);
void dorgqr_(const int *m, const int *n, const int *k, double *a,
             const int *lda, const double *tau, double *work, const int *lwork,
             int *info);
/* a: destroyed; the smallest first. */
void dsyev_(const char *job, const char *uplo, const int *n, double *a,
            const int *lda, double *w, double *work, const int *lwork,
            int *info, size_t, size_t);
void dgtsv_(const int *n, const int *nrhs, double *dl, double *d, double *du,
            double *b, const int *ldb, int *info);
void ssyrk_(const char *uplo, const char *trans, const int *n, const int *k,
            const float *alpha, const float *a, const int *lda,
            const float *beta, float *c, const int *ldc, size_t, size_t);
void ssytrd_(const char *uplo, const int *n, float *a, const int *lda, float *d,
             float *e, float *tau, float *work, const int *lwork, int *info,
             size_t);
void sormtr_(const char *side, const char *uplo, const char *trans,
             const int *m, const int *n, const float *a, const int *lda,
             const float *tau, float *c, const int *ldc, float *work,
             const int *lwork, int *info, size_t, size_t, size_t);
void dtpqrt_(const int *m, const int *n, const int *l, const int *nb, double *a,
             const int *lda, double *b, const int *ldb, double *t,
             const int *ldt, double *work, int *info);

#endif
