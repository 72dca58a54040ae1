/* boot - bootstrap intervals over seeds, and aggregates over tasks
 *
 * Matrices are task-major: x[k * n + i] is task k, seed i. Intervals are
 * percentile intervals from BOOT_DRAWS resamples, a function of seed alone.
 */
#ifndef ULP_STAT_BOOT_H
#define ULP_STAT_BOOT_H
#include <stddef.h>
#include <stdint.h>

enum { BOOT_DRAWS = 4000 };

struct boot {
    double est, lo, hi;
    size_t n_tasks;     /* that could be used */
    uint32_t n_redrawn; /* resamples without spread in a task, drawn anew */
    const char *why;
};

/* Mean over tasks of log(var x / var y): seeds are drawn whole, as one list for
 * all tasks, because the tasks of a seed share a checkpoint. Tasks with zero
 * variance in an arm are left out (n_tasks says how many are used). */
struct boot boot_log_var_ratio(const double *x, size_t nx, const double *y,
                               size_t ny, size_t n_tasks, double level,
                               uint64_t seed);
/* Interquartile mean over all seeds and tasks; stratified bootstrap: seeds are
 * drawn within each task (rliable, arXiv 2108.13264). */
struct boot boot_iqm(const double *x, size_t n, size_t n_tasks, double level,
                     uint64_t seed);
/* P(x > y): mean over tasks of the fraction of seed pairs with x > y, ties
 * counted half; stratified bootstrap. */
struct boot boot_improvement(const double *x, size_t nx, const double *y,
                             size_t ny, size_t n_tasks, double level,
                             uint64_t seed);

#endif
