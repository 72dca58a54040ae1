/* base_cli - command lines, their errors, and --help */
#include "../../lib/base/cli.h"
#include "t.h"

static int batch, json, threads;
static uint64_t seed, memory;
static double temp;
static const char *out;
static struct cli_list list;

static const struct opt common[] = {
    {OPT_INT, "threads", 0, &threads, "N", "threads to use", 0, 0},
    {.type = OPT_END}};

static int parse(const char *line, int min, int max, int *n, char ***args,
                 struct err *e)
{
    static char copy[256];
    static char *argv[32];
    union {
        const struct opt *c;
        void *v;
    } group = {.c = common};
    struct opt opts[] = {
        {OPT_STR, "output", 'o', &out, "FILE", "write to FILE", 0, 0},
        {OPT_FLAG, "json", 0, &json, NULL, "write JSON lines", 0, 0},
        {OPT_INT, "batch", 'b', &batch, "N", "sequences", 1, 4096},
        {OPT_U64, "seed", 0, &seed, "S", "seed", 0, 0},
        {OPT_F64, "temperature", 0, &temp, "T", "temperature", 0, 10},
        {OPT_SIZE, "memory", 0, &memory, "SIZE", "memory", 0, 0},
        {OPT_LIST, "set", 0, &list, "K=V", "a setting", 0, 0},
        {.type = OPT_GROUP, .dst = group.v},
        {.type = OPT_END}};
    struct cli c = {"prog",   "does things", "[options] [FILE...]",
                    "Reads.", "prog < x",    "other",
                    opts,     min,           max};
    int argc = 0;

    batch = 8, json = 0, threads = 0, seed = 0, temp = 1, out = "-";
    list.n = 0;
    snprintf(copy, sizeof copy, "prog %s", line);
    for (char *w = strtok(copy, " "); w; w = strtok(NULL, " "))
        argv[argc++] = w;
    argv[argc] = NULL;
    return cli_parse(&c, argc, argv, args, n, e);
}

static void values_arrive(void)
{
    struct err e = {0};
    char **args;
    int n;

    T_EQ_INT(parse("-o x --batch=16 a --json --seed 18446744073709551615 "
                   "--temperature 0.5 --set a=1 --set b --threads 3 - -- -z",
                   0, 3, &n, &args, &e),
             CLI_RUN);
    T_EQ_STR(out, "x");
    T_EQ_INT(batch, 16);
    T_CHECK(json && seed == UINT64_MAX && temp == 0.5 && threads == 3);
    T_EQ_INT(list.n, 2);
    T_EQ_STR(list.v[1], "b");
    T_EQ_INT(n, 3);
    T_EQ_STR(args[0], "a");
    T_EQ_STR(args[1], "-");
    T_EQ_STR(args[2], "-z");
    T_EQ_INT(parse("-b7 -b 9", 0, 0, &n, &args, &e), CLI_RUN);
    T_EQ_INT(batch, 9);
    T_EQ_INT(parse("--help --nonsense", 0, 0, &n, &args, &e), CLI_HELP);
    T_EQ_INT(parse("--version", 1, 1, &n, &args, &e), CLI_VERSION);
}

static void sizes_have_units(void)
{
    static const struct {
        const char *line;
        uint64_t bytes;
    } good[] = {{"--memory 4096", 4096},      {"--memory 80G", 80ull << 30},
                {"--memory=1.5k", 1536},      {"--memory 640MiB", 640ull << 20},
                {"--memory 2TB", 2ull << 40}, {"--memory 7b", 7}};
    static const char *const bad[] = {"--memory=",     "--memory G",
                                      "--memory -1G",  "--memory 80X",
                                      "--memory 80Gx", "--memory 1e30G"};
    struct err e = {0};
    char **args;
    int n;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        T_EQ_INT(parse(good[i].line, 0, 0, &n, &args, &e), CLI_RUN);
        T_EQ_INT(memory, good[i].bytes);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        T_EQ_INT(parse(bad[i], 0, 0, &n, &args, &e), -ERR_USAGE);
        T_CHECKF(strstr(e.msg, "--memory: '") && strstr(e.msg, "is not a size"),
                 "%s", e.msg);
    }
}

static void misuse_is_named(void)
{
    static const struct {
        const char *line, *msg;
    } cases[] = {
        {"--batch x", "--batch: 'x' is not an integer from 1 to 4096"},
        {"--batch 0", "--batch: '0' is not an integer from 1 to 4096"},
        {"--batch 4097", "--batch: '4097' is not an integer from 1 to 4096"},
        {"--batch=", "--batch: '' is not an integer from 1 to 4096"},
        {"-b 1x", "-b: '1x' is not an integer from 1 to 4096"},
        {"--threads 99999999999", "--threads: '99999999999' is not an "
                                  "integer"},
        {"--seed -1", "--seed: '-1' is not an integer from 0 to 2^64 - 1"},
        {"--temperature nan",
         "--temperature: 'nan' is not a number from 0 to 10"},
        {"--batch", "--batch: needs a value (N)"},
        {"--json=1", "--json: takes no value"},
        {"--jsno", "unknown option '--jsno'; did you mean '--json'?"},
        {"--tmperature=2",
         "unknown option '--tmperature=2'; did you mean '--temperature'?"},
        {"--temp 2", "unknown option '--temp'; did you mean "
                     "'--temperature'?"},
        {"--hlep", "unknown option '--hlep'; did you mean '--help'?"},
        {"--zzzzzz", "unknown option '--zzzzzz'"},
        {"-q", "unknown option '-q'"},
        {"a b c", "unexpected argument 'c'"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e = {0};
        char **args;
        int n;

        T_EQ_INT(parse(cases[i].line, 0, 2, &n, &args, &e), -ERR_USAGE);
        T_EQ_STR(e.msg, cases[i].msg);
    }
}

static void help_fits_the_page(void)
{
    static int width = 80;
    struct opt opts[] = {
        {OPT_INT, "a-rather-long-option-name", 0, &width, "COLUMNS",
         "a long text that has to be wrapped at the eightieth column "
         "because no terminal should have to do that for us",
         1, 100},
        {.type = OPT_END}};
    struct cli c = {"prog",
                    "does things",
                    "[options]",
                    "Reads a stream. Writes another one which has many more "
                    "words in it than a line can hold.",
                    "prog < x | prog",
                    "other",
                    opts,
                    0,
                    0};
    char *text;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    cli_help(&c, f);
    fclose(f);
    for (char *s = text; *s; s += strcspn(s, "\n") + 1)
        T_CHECKF(strcspn(s, "\n") <= 80, "too wide: %.90s", s);
    T_CHECK(strstr(text, "prog - does things\n\nUsage: prog [options]\n"));
    T_CHECK(strstr(text, "(default: 80)"));
    T_CHECK(strstr(text, "\nExit status:\n  0  success\n"));
    T_CHECK(strstr(text, "\nExample:\n  prog < x | prog\n"));
    T_CHECK(strstr(text, "\nSee also: other\n"));
    free(text);
}

int main(void)
{
    T_RUN(values_arrive);
    T_RUN(sizes_have_units);
    T_RUN(misuse_is_named);
    T_RUN(help_fits_the_page);
    T_DONE();
}
