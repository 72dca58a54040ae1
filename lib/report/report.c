/* report - the page, its tables and the plots' data, into a folder */
#include <stdio.h>
#include <string.h>
#include "../base/file.h"
#include "ablation.h"
#include "page.h"
#include "sweep.h"

static int write_to(const char *dir, const char *name, const struct buf *b,
                    struct err *e)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return file_put(path, b->p, b->n, e);
}

static int write_tables(const struct doc *doc, const char *dir, struct err *e)
{
    const struct table *t;
    int r = 0;

    for (int i = 0; !r && (t = doc_table_at(doc, i)); i++) {
        struct buf b = {0};
        char name[256];

        snprintf(name, sizeof name, "tables/%.200s.tsv", t->name);
        table_tsv(t, &b);
        r = write_to(dir, name, &b, e);
        buf_free(&b);
    }
    return r;
}

static int make_dir(const char *dir, const char *name, struct err *e)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return file_mkdirs(path, e);
}

static int write_all(const struct report *r, struct page *page, const char *dir,
                     struct err *e)
{
    struct buf text = {0}, html = {0};
    int x = make_dir(dir, "tables", e);

    if (!x)
        x = make_dir(dir, "plots", e);
    doc_text(r->doc, &text);
    if (!x)
        x = page_html(page, r, &html, e);
    if (!x)
        x = write_tables(r->doc, dir, e);
    if (!x)
        x = plotdata_write(r, dir, e);
    if (!x)
        x = write_to(dir, "report.in.html", &html, e);
    if (!x)
        x = write_to(dir, "summary.txt", &text, e);
    buf_free(&text);
    buf_free(&html);
    return x;
}

int report_make(const struct report_opts *o, char **inputs, int n_inputs,
                struct err *e)
{
    struct setting s = {0};
    struct data d = {0};
    struct verdicts v = {0};
    struct page page = {.responses = o->responses};
    const struct data_watch watch = {page_see, &page};
    struct report r = {&s, &d, &v, NULL};
    int x = setting_read(&s, o, e);

    if (!x)
        x = data_read(&d, &s, inputs, n_inputs, &watch, e);
    if (!x) {
        verdicts_make(&v, &d, &s);
        r.doc = doc_open(o->title ? o->title
                                  : "Numerical precision in RLVR fine-tuning");
        if (s.partial)
            sec_missing(&r);
        sec_findings(&r);
        sec_setting(&r);
        sec_scores(&r);
        sec_variance(&r);
        sec_divergence(&r);
        sec_questions(&r);
        x = page_moved(&page, &r, e);
        sec_kl(&r);
        sec_sparsity(&r);
        sec_overlap(&r);
        sec_spectrum(&r);
        sec_h1(&r);
        sec_h2(&r);
        sec_h2_noise(&r);
        sec_h3(&r);
        if (!s.partial) /* of a spread that is not known yet, and slow */
            sec_power(&r);
        sec_selftest(&r);
        if (!x)
            x = write_all(&r, &page, o->dir, e);
    }
    doc_close(&r.doc);
    page_free(&page);
    verdicts_free(&v);
    data_free(&d);
    setting_free(&s);
    return x;
}

static int write_page(const struct doc *doc, const char *dir, struct err *e)
{
    struct buf text = {0};
    int r = make_dir(dir, "tables", e);

    doc_text(doc, &text);
    if (!r)
        r = write_tables(doc, dir, e);
    if (!r)
        r = write_to(dir, "summary.txt", &text, e);
    buf_free(&text);
    return r;
}

int report_sweep(const struct report_opts *o, char **inputs, int n_inputs,
                 struct err *e)
{
    struct setting s = {0};
    struct data d = {0};
    struct sweep w = {0};
    struct doc *doc = NULL;
    int r = setting_read(&s, o, e);

    if (!r)
        r = data_read(&d, &s, inputs, n_inputs, NULL, e);
    if (!r)
        r = sweep_open(&w, &d, &s, e);
    if (!r) {
        doc = doc_open(o->title ? o->title : "Precision and learning rate");
        r = sweep_page(doc, &w, e);
    }
    if (!r)
        r = write_page(doc, o->dir, e);
    doc_close(&doc);
    sweep_free(&w);
    data_free(&d);
    setting_free(&s);
    return r;
}

int report_ablation(const struct report_opts *o, const char *out, char **inputs,
                    int n_inputs, struct err *e)
{
    struct setting s = {0};
    struct data d = {0};
    struct ablation a = {0};
    struct buf text = {0};
    int r = setting_read(&s, o, e);

    if (!r)
        r = data_read(&d, &s, inputs, n_inputs, NULL, e);
    if (!r)
        r = ablation_of(&a, &d, e);
    if (!r) {
        ablation_text(&a, &text);
        r = file_put(out, text.p, text.n, e);
    }
    buf_free(&text);
    ablation_free(&a);
    data_free(&d);
    setting_free(&s);
    return r;
}
