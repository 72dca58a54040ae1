/* tokenize - prompts to tokens, response tokens to text
 *
 * in      prompts (id, prompt; choices), or with --decode response_tokens
 * out     + prompt_tokens, or + response; unknown fields pass through
 * memory  one record, and the tokenizer
 * order   preserved
 */
#include "../lib/text/tokens.h"
#include "filter_main.h"

static struct filter f = FILTER_INIT;
static struct tokens_opts o = {.template = "none"};
static const char *dir, *model;
static struct cli_list template_args;
static int count;

static const struct opt own[] = {
    {OPT_STR, "tokenizer", 0, &dir, "DIR",
     "a directory with tokenizer.json, or that file", 0, 0},
    {OPT_STR, "model", 0, &model, "DIR", "the same: a model directory", 0, 0},
    {OPT_STR, "template", 0, &o.template, "NAME|FILE",
     "none, chat, dapo, qwen-boxed, chat+NAME, chat:T, or a text file with "
     "{prompt} and, for choice tasks, {choices}",
     0, 0},
    {OPT_LIST, "template-arg", 0, &template_args, "NAME=VALUE",
     "a variable of the chat template (enable_thinking=false); may be "
     "repeated",
     0, 0},
    {OPT_FLAG, "specials", 0, &o.specials, NULL,
     "special tokens in the text are parsed (template none only); with "
     "--decode they are kept in the text",
     0, 0},
    {OPT_FLAG, "decode", 0, &o.decode, NULL, "turn tokens into text", 0, 0},
    {OPT_STR, "text", 0, &o.from, "FIELD",
     "field to read: prompt; response_tokens with --decode", 0, 0},
    {OPT_STR, "as", 0, &o.to, "FIELD",
     "field to write: FIELD_tokens of what --text names; response with "
     "--decode",
     0, 0},
    {OPT_INT, "max-tokens", 0, &o.max_tokens, "N",
     "leave out prompts with more than N tokens, and say how many; 0 keeps "
     "all",
     0, 2147483647},
    {OPT_FLAG, "too-long-fails", 0, &o.too_long_fails, NULL,
     "a prompt above --max-tokens is a bad record", 0, 0},
    {OPT_FLAG, "strict", 0, &o.strict, NULL,
     "each record must be a whole prompt row (id, prompt, answer, verifier "
     "and what that needs), no id twice",
     0, 0},
    {OPT_FLAG, "count", 0, &count, NULL,
     "say on stderr how many tokens and bytes it was", 0, 0},
    {0}};

static struct opt opts[] = FILTER_OPTS(own);

static const struct cli cli = {
    .name = "tokenize",
    .purpose = "prompts to tokens, response tokens to text",
    .usage = "--tokenizer DIR [options] [records...]",
    .details =
        "Adds prompt_tokens to each prompt: the ids that Hugging Face "
        "tokenizers gives for the same tokenizer.json. Special tokens in the "
        "text of a template are parsed; in a prompt they are plain text, so "
        "that no prompt can end its own message (template none with "
        "--specials parses them). A record needs an id and a prompt, no "
        "more.\n\n"
        "Where tokenizer.json puts tokens before each text (a begin token, as "
        "Llama 3's), they are put before the prompt, unless it begins with "
        "them; not with template chat, which says itself what a text begins "
        "with.\n\n"
        "Templates: none, the prompt as it is; chat, the model's own chat "
        "format around it; dapo, DAPO's instruction to end with an \"Answer:\" "
        "line; qwen-boxed, the prompt and a line that asks for a \\boxed{} "
        "answer; chat+NAME, what NAME makes as the user's message. The choices "
        "of a record become lines \"A. text\": where a file has {choices}, "
        "else behind the prompt (not with none).\n\n"
        "A chat begins with the record's `system` message and the turns of its "
        "`history`. The format is the chat_template of tokenizer_config.json "
        "or chat_template.jinja; chat:T takes the one of the name T. Python's "
        "jinja2 renders it, as in transformers, in a process with bounds on "
        "time (10 s a prompt), memory and output; templates of Qwen2, Qwen2.5 "
        "and ChatML need no Python. --template-arg sets its variables, as JSON "
        "or text. strftime_now gives the date 2024-07-26, so that no output "
        "depends on the day; --template-arg strftime_now=YYYY-MM-DD gives "
        "another.\n\n"
        "With --decode, adds response: the text of response_tokens without "
        "special tokens; bytes that are not UTF-8 become U+FFFD.",
    .example =
        "echo '{\"id\":\"x\",\"prompt\":\"1+1=\",\"answer\":\"2\"}' | "
        "tokenize --tokenizer data/tokenizer/tiny --json\n"
        "tokenize --model M --template chat gsm8k.jsonl | rollout --model M "
        "| tokenize --model M --decode | show",
    .see_also = "prepare, rollout, show",
    .opts = opts,
    .max_args = 1024,
};

/* What is read and set where the command line does not say so. */
static int fields(char *name, size_t cap, struct err *e)
{
    if (o.decode) {
        if (strcmp(o.template, "none") || template_args.n || o.max_tokens ||
            o.strict)
            return err_set(e, ERR_USAGE,
                           "--template, --template-arg, "
                           "--max-tokens and --strict do not go with --decode");
        o.from = o.from ? o.from : "response_tokens";
        o.to = o.to ? o.to : "response";
        return 0;
    }
    if (o.specials && strcmp(o.template, "none"))
        return err_set(e, ERR_USAGE,
                       "--specials needs --template none: a "
                       "template's own special tokens are parsed anyway");
    o.from = o.from ? o.from : "prompt";
    if (!o.to) {
        snprintf(name, cap, "%.200s_tokens", o.from);
        o.to = name;
    }
    return 0;
}

static int work(struct tokens *t, char **args, int n, struct err *e)
{
    struct rec *rec;
    int r = filter_open(&f, "tokenize", o.decode ? "rollouts" : "prompts", args,
                        n, e);

    if (r)
        return r;
    tokens_made_by(t, &f);
    filter_hold(&f);
    while ((r = filter_read(&f, &rec, e)) > 0) {
        r = tokens_set(t, rec, e);
        if (r < 0)
            r = filter_skip(&f, e);
        else if (r)
            r = filter_write(&f, rec, e);
        if (r)
            return r;
    }
    return r ? r : filter_close(&f, e);
}

static void report(const struct tokens_count *c)
{
    if (c->too_long)
        fprintf(say_to(),
                "tokenize: %llu prompts of more than %d tokens left "
                "out\n",
                (unsigned long long)c->too_long, o.max_tokens);
    if (count)
        fprintf(say_to(), "tokenize: %llu records, %llu tokens, %llu bytes\n",
                (unsigned long long)f.n_written, (unsigned long long)c->tokens,
                (unsigned long long)c->bytes);
}

static int run(char **args, int n, struct err *e)
{
    struct tokens *t = NULL;
    char name[256];
    int r;

    if (!dir == !model)
        return err_set(e, ERR_USAGE,
                       "--tokenizer DIR is needed (or --model "
                       "DIR, not both)");
    o.tokenizer = dir ? dir : model;
    o.args = template_args.v;
    o.n_args = template_args.n;
    r = fields(name, sizeof name, e);
    if (!r)
        r = tokens_open(&t, &o, e);
    if (!r && tokens_note(t) && !f.quiet)
        fprintf(say_to(), "tokenize: %s\n", tokens_note(t));
    if (!r)
        r = work(t, args, n, e);
    if (!r)
        report(tokens_count(t));
    tokens_close(&t);
    return r;
}

int main(int argc, char **argv)
{
    return filter_main(&cli, opts, &f, argc, argv, run);
}
