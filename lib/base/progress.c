/* progress - a live line on a terminal, one closing line elsewhere */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "arena.h"
#include "clock.h"
#include "progress.h"
#include "say.h"

struct progress {
    char program[32], unit[32], note[256];
    uint64_t done, total;
    double began, shown;
    int quiet, live;
};

struct progress *progress_open(const char *program, const char *unit,
                               uint64_t total, int quiet)
{
    struct progress *p = xcalloc(1, sizeof *p);

    snprintf(p->program, sizeof p->program, "%s", program);
    snprintf(p->unit, sizeof p->unit, "%s", unit);
    p->total = total;
    p->quiet = quiet;
    p->live = !quiet && isatty(fileno(say_to()));
    p->began = clock_s(CLOCK_MONOTONIC);
    return p;
}

static const char *duration(double s, char out[32])
{
    long n = (long)(s + 0.5);

    if (s < 9.95)
        snprintf(out, 32, "%.1f s", s);
    else if (n < 60)
        snprintf(out, 32, "%ld s", n);
    else if (n < 3600)
        snprintf(out, 32, "%ld:%02ld", n / 60, n % 60);
    else
        snprintf(out, 32, "%ld:%02ld:%02ld", n / 3600, n / 60 % 60, n % 60);
    return out;
}

static void show(struct progress *p, double t, int last)
{
    double spent = t - p->began;
    double rate = spent > 0 ? (double)p->done / spent : 0;
    char buf[32];

    fprintf(say_to(), "%s%s: %llu", p->live ? "\r" : "", p->program,
            (unsigned long long)p->done);
    if (p->total && (!last || p->total != p->done))
        fprintf(say_to(), "/%llu", (unsigned long long)p->total);
    fprintf(say_to(), " %s", p->unit);
    if (rate > 0)
        fprintf(say_to(), ", %.*f/s", rate < 10 ? 2 : rate < 100 ? 1 : 0, rate);
    if (last)
        fprintf(say_to(), ", %s", duration(spent, buf));
    else if (p->total > p->done && rate > 0)
        fprintf(say_to(), ", %s left",
                duration((double)(p->total - p->done) / rate, buf));
    if (p->note[0])
        fprintf(say_to(), ", %s", p->note);
    fputs(p->live ? "\033[K" : "", say_to());
    fputs(last ? "\n" : "", say_to());
    fflush(say_to());
    p->shown = t;
}

void progress_add(struct progress *p, uint64_t n)
{
    double t;

    p->done += n;
    if (p->live && (t = clock_s(CLOCK_MONOTONIC)) - p->shown >= 0.1)
        show(p, t, 0);
}

void progress_note(struct progress *p, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(p->note, sizeof p->note, fmt, ap);
    va_end(ap);
}

void progress_say(struct progress *p, const char *fmt, ...)
{
    va_list ap;

    if (p->quiet)
        return;
    fprintf(say_to(), "%s%s: ", p->live ? "\r" : "", p->program);
    va_start(ap, fmt);
    vfprintf(say_to(), fmt, ap);
    va_end(ap);
    fputs(p->live ? "\033[K\n" : "\n", say_to());
}

void progress_warn(struct progress *p, const char *what, const char *text)
{
    fprintf(say_to(), "%s%s: warning: %s: %s%s\n", p->live ? "\r" : "",
            p->program, what, text, p->live ? "\033[K" : "");
}

void progress_close(struct progress **p)
{
    if (!*p)
        return;
    if (!(*p)->quiet)
        show(*p, clock_s(CLOCK_MONOTONIC), 1);
    free(*p);
    *p = NULL;
}

void progress_drop(struct progress **p)
{
    if (!*p)
        return;
    if ((*p)->live)
        fputs("\r\033[K", say_to());
    free(*p);
    *p = NULL;
}

void progress_fail(struct progress **p, const struct err *e)
{
    if (*p && (*p)->done && !e->reader_left)
        progress_close(p);
    else
        progress_drop(p);
}
