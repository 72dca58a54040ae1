/* cli_help - --help and --version, written from the option table */
#include <stdlib.h>
#include <string.h>
#include "cli.h"

enum { WIDTH = 80, COLUMN = 26 };

/* Words of s wrapped between columns `at` and WIDTH; the cursor stands at
 * `at` already. Newlines in s begin a new line. */
static void wrap(FILE *out, const char *s, int at)
{
    int x = at;

    while (*s) {
        size_t n = strcspn(s, " \n");

        if (x > at && x + 1 + (int)n > WIDTH) {
            fprintf(out, "\n%*s", at, "");
            x = at;
        } else if (x > at) {
            putc(' ', out);
            x++;
        }
        fwrite(s, 1, n, out);
        x += (int)n;
        s += n;
        while (*s == ' ')
            s++;
        if (*s == '\n') {
            s++;
            if (*s) {
                fprintf(out, "\n%*s", at, "");
                x = at;
            }
        }
    }
    putc('\n', out);
}

static void default_text(const struct opt *o, char *s, size_t n)
{
    const char *str;

    s[0] = 0;
    switch (o->type) {
    case OPT_STR:
        str = *(const char **)o->dst;
        if (str && *str)
            snprintf(s, n, " (default: %s)", str);
        break;
    case OPT_INT: /* below the least that may be given: none */
        if (*(int *)o->dst >= o->min || o->min == o->max)
            snprintf(s, n, " (default: %d)", *(int *)o->dst);
        break;
    case OPT_U64:
        snprintf(s, n, " (default: %llu)",
                 (unsigned long long)*(uint64_t *)o->dst);
        break;
    case OPT_KNOWN:
        str = *((struct cli_known *)o->dst)->dst;
        if (str && *str)
            snprintf(s, n, " (default: %s)", str);
        break;
    case OPT_F64:
    case OPT_F64_0:
        snprintf(s, n, " (default: %.10g)", *(double *)o->dst);
        break;
    default:
        break;
    }
}

static void show_option(FILE *out, const struct opt *o)
{
    char left[120], text[1200], def[300];
    int n = 0;

    if (o->short_name)
        n = snprintf(left, sizeof left, "  -%c%s", o->short_name,
                     o->name ? ", " : "");
    else
        n = snprintf(left, sizeof left, "  ");
    if (o->name)
        n += snprintf(left + n, sizeof left - (size_t)n, "--%s", o->name);
    if (o->type != OPT_FLAG)
        snprintf(left + n, sizeof left - (size_t)n, " %s",
                 o->arg ? o->arg : "VALUE");
    default_text(o, def, sizeof def);
    /* a sentence that explains its default says it better */
    if (o->help && strstr(o->help, "default"))
        def[0] = 0;
    snprintf(text, sizeof text, "%s%s", o->help ? o->help : "", def);
    if (strlen(left) > COLUMN - 2)
        fprintf(out, "%s\n%*s", left, COLUMN, "");
    else
        fprintf(out, "%-*s", COLUMN, left);
    wrap(out, text, COLUMN);
}

static void show_options(FILE *out, const struct opt *o)
{
    for (; o && o->type != OPT_END; o++) {
        if (o->type == OPT_GROUP)
            show_options(out, o->dst);
        else if (o->type == OPT_HEADING)
            fprintf(out, "\n%s:\n", o->help ? o->help : o->name);
        else
            show_option(out, o);
    }
}

static void indented(FILE *out, const char *s)
{
    while (*s) {
        size_t n = strcspn(s, "\n");

        fprintf(out, "  %.*s\n", (int)n, s);
        s += n + (s[n] == '\n');
    }
}

void cli_help(const struct cli *c, FILE *out)
{
    static const struct opt standard[] = {
        {.type = OPT_FLAG, .name = "help", .help = "show this and exit"},
        {.type = OPT_FLAG,
         .name = "version",
         .help = "show the version and exit"},
        {.type = OPT_END}};
    const struct opt *first = c->opts;

    fprintf(out, "%s - %s\n\nUsage: %s %s\n", c->name, c->purpose, c->name,
            c->usage ? c->usage : "");
    if (c->details) {
        putc('\n', out);
        wrap(out, c->details, 0);
    }
    while (first && first->type == OPT_GROUP)
        first = first->dst;
    if (!first || first->type != OPT_HEADING)
        fprintf(out, "\nOptions:\n");
    show_options(out, c->opts);
    show_options(out, standard);
    fprintf(out, "\nExit status:\n"
                 "  0  success\n"
                 "  1  input, output or device error\n"
                 "  2  misuse of the command line\n"
                 "  3  bad data\n");
    if (c->example) {
        fprintf(out, "\nExample:\n");
        indented(out, c->example);
    }
    if (c->see_also)
        fprintf(out, "\nSee also: %s\n", c->see_also);
}

void cli_version(const struct cli *c, FILE *out)
{
    fprintf(out, "%s (ulp) " ULP_VERSION "\n", c->name);
}
