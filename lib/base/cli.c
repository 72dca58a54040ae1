/* cli - parse a command line by its option table */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "arena.h"
#include "cli.h"

/* The option called by a long name (n bytes) or a short one; groups inside. */
static const struct opt *find(const struct opt *o, const char *name, size_t n,
                              char short_name)
{
    for (; o && o->type != OPT_END; o++) {
        const struct opt *in;

        if (o->type == OPT_GROUP) {
            in = find(o->dst, name, n, short_name);
            if (in)
                return in;
        } else if (o->type == OPT_HEADING) {
            continue;
        } else if (name && o->name && strlen(o->name) == n &&
                   !memcmp(o->name, name, n)) {
            return o;
        } else if (short_name && o->short_name == short_name) {
            return o;
        }
    }
    return NULL;
}

enum { WORD = 64 };

/* Edits (insert, delete, replace, swap neighbours) between two words. */
static int distance(const char *a, const char *b)
{
    int d[WORD + 1][WORD + 1];
    int n = (int)strlen(a), m = (int)strlen(b);

    if (n > WORD || m > WORD)
        return INT_MAX;
    for (int i = 0; i <= n; i++)
        d[i][0] = i;
    for (int j = 0; j <= m; j++)
        d[0][j] = j;
    for (int i = 1; i <= n; i++)
        for (int j = 1; j <= m; j++) {
            int best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

            if (d[i - 1][j] + 1 < best)
                best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best)
                best = d[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
                a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[n][m];
}

static void nearest(const struct opt *o, const char *name, const char **best,
                    int *best_d)
{
    for (; o && o->type != OPT_END; o++) {
        int d;

        if (o->type == OPT_GROUP)
            nearest(o->dst, name, best, best_d);
        if (o->type == OPT_GROUP || o->type == OPT_HEADING || !o->name)
            continue;
        d = distance(name, o->name);
        /* --temp for --temperature */
        if (strlen(name) >= 2 && !strncmp(name, o->name, strlen(name)))
            d = 1;
        if (d < *best_d) {
            *best_d = d;
            *best = o->name;
        }
    }
}

static int unknown(const struct cli *c, const char *arg, struct err *e)
{
    static const struct opt standard[] = {{.type = OPT_FLAG, .name = "help"},
                                          {.type = OPT_FLAG, .name = "version"},
                                          {.type = OPT_END}};
    const char *eq = strchr(arg, '='), *best = NULL;
    char name[WORD + 1];
    int d = 3;

    if (arg[1] == '-') {
        snprintf(name, sizeof name, "%.*s", (int)(eq ? eq - arg - 2 : WORD),
                 arg + 2);
        if (strlen(name) < 4)
            d = 2;
        nearest(c->opts, name, &best, &d);
        nearest(standard, name, &best, &d);
    }
    if (best)
        return err_set(e, ERR_USAGE,
                       "unknown option '%s'; did you mean '--%s'?", arg, best);
    return err_set(e, ERR_USAGE, "unknown option '%s'", arg);
}

static int bad_value(struct err *e, const struct opt *o, const char *shown,
                     const char *v, const char *what)
{
    if (o->min == 0 && o->max == 0)
        return err_set(e, ERR_USAGE, "%s: '%s' is not %s", shown, v, what);
    return err_set(e, ERR_USAGE, "%s: '%s' is not %s%s from %.10g to %.10g",
                   shown, v, o->type == OPT_F64_0 ? "0 or " : "", what, o->min,
                   o->max);
}

static int in_range(const struct opt *o, double x)
{
    return (o->min == 0 && o->max == 0) || (x >= o->min && x <= o->max) ||
           (o->type == OPT_F64_0 && x == 0);
}

/* "80G", "1.5g", "640MiB", "4096" */
static int take_size(const struct opt *o, const char *shown, const char *v,
                     struct err *e)
{
    static const char units[] = "KMGT";
    const char *u = NULL;
    char *end;
    double x = strtod(v, &end), unit = 1;

    if (*end)
        u = strchr(units, toupper((unsigned char)*end));
    if (u) {
        for (const char *i = units; i <= u; i++)
            unit *= 1024;
        end++;
        end += !strncasecmp(end, "iB", 2) ? 2 : 0;
    }
    end += *end == 'B' || *end == 'b';
    if (*v < '0' || *v > '9' || *end || !(x * unit < 0x1p62))
        return err_set(e, ERR_USAGE,
                       "%s: '%s' is not a size such as 80G or "
                       "640M",
                       shown, v);
    *(uint64_t *)o->dst = (uint64_t)(x * unit);
    return 0;
}

static int take_value(const struct opt *o, const char *shown, char *v,
                      struct err *e)
{
    char *end;

    errno = 0;
    switch (o->type) {
    case OPT_STR:
        *(const char **)o->dst = v;
        return 0;
    case OPT_INT: {
        long x = strtol(v, &end, 10);

        if (end == v || *end || errno || x < INT_MIN || x > INT_MAX ||
            strchr(" \t\n\v\f\r", *v) || !in_range(o, (double)x))
            return bad_value(e, o, shown, v, "an integer");
        *(int *)o->dst = (int)x;
        return 0;
    }
    case OPT_U64: {
        uint64_t x = strtoull(v, &end, 10);

        if (*v < '0' || *v > '9' || *end || errno)
            return err_set(e, ERR_USAGE,
                           "%s: '%s' is not an integer from 0 to 2^64 - 1",
                           shown, v);
        *(uint64_t *)o->dst = x;
        return 0;
    }
    case OPT_F64:
    case OPT_F64_0: {
        double x = strtod(v, &end);

        /* 1e-999 is no way to say 0 */
        if (errno == ERANGE && x == 0)
            return bad_value(e, o, shown, v, "a number");
        if (end == v || *end || !isfinite(x) || strchr(" \t\n\v\f\r", *v) ||
            !in_range(o, x))
            return bad_value(e, o, shown, v, "a number");
        *(double *)o->dst = x;
        return 0;
    }
    case OPT_KNOWN:
        *((struct cli_known *)o->dst)->dst = v;
        return 0;
    case OPT_SIZE:
        return take_size(o, shown, v, e);
    case OPT_LIST: {
        struct cli_list *l = o->dst;

        if (l->n == CLI_LIST_MAX)
            return err_set(e, ERR_USAGE, "%s: given more than %d times", shown,
                           CLI_LIST_MAX);
        l->v[l->n++] = v;
        return 0;
    }
    default:
        return err_set(e, ERR_USAGE, "%s: has no value", shown);
    }
}

/* argv[i] is an option; returns how many words it took. */
static int one_option(const struct cli *c, int argc, char **argv, int i,
                      struct err *e)
{
    char *a = argv[i], *v = NULL, shown[80];
    const struct opt *o;
    int r, words = 1;

    if (a[1] == '-') {
        char *eq = strchr(a, '=');

        o = find(c->opts, a + 2, eq ? (size_t)(eq - a - 2) : strlen(a + 2), 0);
        v = eq ? eq + 1 : NULL;
    } else {
        o = find(c->opts, NULL, 0, a[1]);
        v = a[2] ? a + 2 : NULL;
    }
    if (!o || (o->type == OPT_FLAG && a[1] != '-' && v))
        return unknown(c, a, e);
    if (a[1] == '-')
        snprintf(shown, sizeof shown, "--%s", o->name);
    else
        snprintf(shown, sizeof shown, "-%c", o->short_name);
    if (o->type == OPT_FLAG) {
        if (v)
            return err_set(e, ERR_USAGE, "%s: takes no value", shown);
        *(int *)o->dst = 1;
        return 1;
    }
    if (!v) {
        if (i + 1 >= argc)
            return err_set(e, ERR_USAGE, "%s: needs a value (%s)", shown,
                           o->arg ? o->arg : "VALUE");
        v = argv[i + 1];
        words = 2;
    }
    r = take_value(o, shown, v, e);
    return r < 0 ? r : words;
}

int cli_split(struct cli_list *l, const char *text, const char *shown,
              struct err *e)
{
    size_t n = strlen(text);
    char *s, *name;

    if (!n || *text == ',' || text[n - 1] == ',' || strstr(text, ",,"))
        return err_set(e, ERR_USAGE, "%s: '%s' has an empty name", shown, text);
    s = xstrdup(text);
    while ((name = strsep(&s, ","))) {
        if (l->n == CLI_LIST_MAX)
            return err_set(e, ERR_USAGE, "%s: more than %d names", shown,
                           CLI_LIST_MAX);
        l->v[l->n++] = name;
    }
    return 0;
}

/* The option that was asked what there is, or NULL. */
static const struct cli_known *asked(const struct opt *o)
{
    for (; o && o->type != OPT_END; o++) {
        const struct cli_known *k = o->type == OPT_KNOWN   ? o->dst
                                    : o->type == OPT_GROUP ? asked(o->dst)
                                                           : NULL;

        if (k &&
            (o->type == OPT_GROUP || (*k->dst && !strcmp(*k->dst, "help"))))
            return k;
    }
    return NULL;
}

void cli_known(const struct cli *c, FILE *out)
{
    const struct cli_known *k = asked(c->opts);
    struct buf b = {0};

    if (k)
        k->help(&b);
    fwrite(b.p, 1, b.n, out);
    buf_free(&b);
}

int cli_parse(const struct cli *c, int argc, char **argv, char ***args,
              int *n_args, struct err *e)
{
    int n = 0, options = 1;

    *args = argv + 1;
    *n_args = 0;
    for (int i = 1; i < argc;) {
        char *a = argv[i];
        int r;

        if (!options || a[0] != '-' || !a[1]) {
            /* never ahead of i, so no unread word is overwritten */
            argv[1 + n++] = a;
            i++;
        } else if (!strcmp(a, "--")) {
            options = 0;
            i++;
        } else if (!strcmp(a, "--help")) {
            return CLI_HELP;
        } else if (!strcmp(a, "--version")) {
            return CLI_VERSION;
        } else if ((r = one_option(c, argc, argv, i, e)) < 0) {
            return r;
        } else {
            i += r;
        }
    }
    if (asked(c->opts))
        return CLI_KNOWN;
    if (n < c->min_args)
        return err_set(e, ERR_USAGE, "%d argument%s given, %d needed: %s %s", n,
                       n == 1 ? "" : "s", c->min_args, c->name,
                       c->usage ? c->usage : "");
    if (c->max_args >= 0 && n > c->max_args)
        return err_set(e, ERR_USAGE, "unexpected argument '%s'",
                       (*args)[c->max_args]);
    *n_args = n;
    return CLI_RUN;
}
