/* aggregate - the statistics that stats --stat names */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../stat/describe.h"
#include "aggregate.h"

enum kind { N, SUM, MEAN, SD, SE, MIN, MAX, MEDIAN, QUANTILE };
static const char *const kind_name[] = {"n",  "sum", "mean", "sd",
                                        "se", "min", "max",  "median"};

static int one(struct aggregate *a, const char *s, size_t n, struct err *e)
{
    char *end;

    snprintf(a->name, sizeof a->name, "%.*s", (int)(n > 7 ? 7 : n), s);
    for (int k = N; k <= MEDIAN; k++)
        if (n == strlen(kind_name[k]) && !strcmp(a->name, kind_name[k])) {
            a->kind = k;
            return 0;
        }
    a->kind = QUANTILE;
    a->p = strtod(a->name + 1, &end) / 100;
    if (n > 1 && n < 5 && *s == 'p' && !*end && a->p <= 1 &&
        strspn(a->name + 1, "0123456789") == n - 1)
        return 0;
    return err_set(e, ERR_USAGE,
                   "--stat: '%.*s' is not n, sum, mean, sd, se, "
                   "min, max, median, or p0 to p100",
                   (int)(n > 40 ? 40 : n), s);
}

int aggregate_parse(struct aggregate a[AGGREGATES], const char *text,
                    struct err *e)
{
    const char *s = text ? text : "n,mean,sd,se,min,max";
    int n = 0;

    for (;; s++) {
        size_t m = strcspn(s, ",");
        int r;

        if (n == AGGREGATES)
            return err_set(e, ERR_USAGE, "--stat: more than %d", AGGREGATES);
        r = one(&a[n], s, m, e);
        if (r)
            return r;
        for (int i = 0; i < n; i++)
            if (!strcmp(a[i].name, a[n].name))
                return err_set(e, ERR_USAGE, "--stat: %s was given twice",
                               a[n].name);
        n++;
        s += m;
        if (!*s)
            return n;
    }
}

int aggregate_of(const struct aggregate *a, const double *x, size_t n,
                 double *out)
{
    *out = 0;
    if (a->kind == N)
        *out = (double)n;
    if (a->kind == SUM)
        for (size_t i = 0; i < n; i++)
            *out += x[i];
    if (a->kind == N || a->kind == SUM)
        return 1;
    if (!n || (n < 2 && aggregate_is_spread(a)))
        return 0;
    *out = a->kind == MEAN  ? desc_mean(x, n)
           : a->kind == SD  ? desc_sd(x, n)
           : a->kind == SE  ? desc_sd(x, n) / sqrt((double)n)
           : a->kind == MIN ? desc_min(x, n)
           : a->kind == MAX
               ? desc_max(x, n)
               : desc_quantile(x, n, a->kind == MEDIAN ? 0.5 : a->p);
    return 1;
}

int aggregate_is_spread(const struct aggregate *a)
{
    return a->kind == SD || a->kind == SE;
}

int aggregate_is_count(const struct aggregate *a)
{
    return a->kind == N;
}
