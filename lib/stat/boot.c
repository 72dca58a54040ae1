/* boot - resampling over seeds */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/rng.h"
#include "boot.h"
#include "describe.h"

static void interval(struct boot *b, const double *draws, double level)
{
    b->lo = desc_quantile(draws, BOOT_DRAWS, (1 - level) / 2);
    b->hi = desc_quantile(draws, BOOT_DRAWS, (1 + level) / 2);
}

/* Mean log variance ratio; 0 in *ok when a task has no spread. */
static double log_ratio(const double *x, size_t nx, const double *y,
                        size_t ny, size_t n_tasks, int *ok)
{
    double sum = 0;

    *ok = 0;
    for (size_t k = 0; k < n_tasks; k++) {
        double vx = desc_var(x + k * nx, nx), vy = desc_var(y + k * ny, ny);

        if (vx <= 0 || vy <= 0)
            return 0;
        sum += log(vx / vy);
    }
    *ok = 1;
    return sum / (double)n_tasks;
}

static void draw_whole(struct rng *g, const double *x, size_t n,
                       size_t n_tasks, double *out)
{
    for (size_t i = 0; i < n; i++) {
        size_t j = rng_below(g, (uint32_t)n);

        for (size_t k = 0; k < n_tasks; k++)
            out[k * n + i] = x[k * n + j];
    }
}

static void draw_stratified(struct rng *g, const double *x, size_t n,
                            size_t n_tasks, double *out)
{
    for (size_t k = 0; k < n_tasks; k++)
        for (size_t i = 0; i < n; i++)
            out[k * n + i] = x[k * n + rng_below(g, (uint32_t)n)];
}

/* Copies the tasks with spread in both arms to the front of u and v. */
static size_t with_spread(const double *x, size_t nx, const double *y,
                          size_t ny, size_t n_tasks, double *u, double *v)
{
    size_t used = 0;

    for (size_t k = 0; k < n_tasks; k++) {
        if (desc_constant(x + k * nx, nx) || desc_constant(y + k * ny, ny))
            continue;
        memcpy(u + used * nx, x + k * nx, nx * sizeof *u);
        memcpy(v + used * ny, y + k * ny, ny * sizeof *v);
        used++;
    }
    return used;
}

struct boot boot_log_var_ratio(const double *x, size_t nx, const double *y,
                               size_t ny, size_t n_tasks, double level,
                               uint64_t seed)
{
    struct boot b = { 0 };
    struct rng g;
    double *u, *v, *ux, *vy, *draws;
    int ok;

    if (nx < 2 || ny < 2 || n_tasks == 0) {
        b.why = n_tasks ? "fewer than two seeds in an arm" : "no tasks";
        return b;
    }
    u = xmalloc(nx * n_tasks * sizeof *u);
    v = xmalloc(ny * n_tasks * sizeof *v);
    ux = xmalloc(nx * n_tasks * sizeof *ux);
    vy = xmalloc(ny * n_tasks * sizeof *vy);
    draws = xmalloc(BOOT_DRAWS * sizeof *draws);
    b.n_tasks = with_spread(x, nx, y, ny, n_tasks, u, v);
    if (!b.n_tasks)
        b.why = "every task has zero variance in an arm";
    else
        b.est = log_ratio(u, nx, v, ny, b.n_tasks, &ok);
    rng_init(&g, seed, 0x6c766172);
    for (int i = 0; !b.why && i < BOOT_DRAWS; i += ok) {
        draw_whole(&g, u, nx, b.n_tasks, ux);
        draw_whole(&g, v, ny, b.n_tasks, vy);
        draws[i] = log_ratio(ux, nx, vy, ny, b.n_tasks, &ok);
        b.n_redrawn += !ok;
        if (b.n_redrawn > 50 * BOOT_DRAWS)
            b.why = "resamples have no spread";
    }
    if (!b.why)
        interval(&b, draws, level);
    free(u);
    free(v);
    free(ux);
    free(vy);
    free(draws);
    return b;
}

struct boot boot_iqm(const double *x, size_t n, size_t n_tasks, double level,
                     uint64_t seed)
{
    struct boot b = { .n_tasks = n_tasks };
    struct rng g;
    double *u, *draws;

    if (n == 0 || n_tasks == 0) {
        b.why = "no values";
        return b;
    }
    b.est = desc_iqm(x, n * n_tasks);
    if (n < 2) {
        b.why = "only one seed";
        return b;
    }
    u = xmalloc(n * n_tasks * sizeof *u);
    draws = xmalloc(BOOT_DRAWS * sizeof *draws);
    rng_init(&g, seed, 0x69716d);
    for (int i = 0; i < BOOT_DRAWS; i++) {
        draw_stratified(&g, x, n, n_tasks, u);
        draws[i] = desc_iqm(u, n * n_tasks);
    }
    interval(&b, draws, level);
    free(u);
    free(draws);
    return b;
}

static double improvement(const double *x, size_t nx, const double *y,
                          size_t ny, size_t n_tasks)
{
    double sum = 0;

    for (size_t k = 0; k < n_tasks; k++) {
        double wins = 0;

        for (size_t i = 0; i < nx; i++)
            for (size_t j = 0; j < ny; j++) {
                double a = x[k * nx + i], c = y[k * ny + j];

                wins += a > c ? 1 : a == c ? 0.5 : 0;
            }
        sum += wins / (double)(nx * ny);
    }
    return sum / (double)n_tasks;
}

struct boot boot_improvement(const double *x, size_t nx, const double *y,
                             size_t ny, size_t n_tasks, double level,
                             uint64_t seed)
{
    struct boot b = { .n_tasks = n_tasks };
    struct rng g;
    double *u, *v, *draws;

    if (nx == 0 || ny == 0 || n_tasks == 0) {
        b.why = "no values";
        return b;
    }
    b.est = improvement(x, nx, y, ny, n_tasks);
    if (nx < 2 || ny < 2) {
        b.why = "only one seed in an arm";
        return b;
    }
    u = xmalloc(nx * n_tasks * sizeof *u);
    v = xmalloc(ny * n_tasks * sizeof *v);
    draws = xmalloc(BOOT_DRAWS * sizeof *draws);
    rng_init(&g, seed, 0x706f69);
    for (int i = 0; i < BOOT_DRAWS; i++) {
        draw_stratified(&g, x, nx, n_tasks, u);
        draw_stratified(&g, y, ny, n_tasks, v);
        draws[i] = improvement(u, nx, v, ny, n_tasks);
    }
    interval(&b, draws, level);
    free(u);
    free(v);
    free(draws);
    return b;
}
