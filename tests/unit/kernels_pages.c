/* Pages of a KV cache: who has them, and what is refused. */
#include "kernels_ref.h"
#include "../../kernels/pages.h"

static struct kernels *k;

enum { SLOTS = 6, MAX_LEN = 1000 };

static struct k_kv *cache(int pages)
{
    struct k_attn_shape s = {2, 1, 5};
    struct err e = {0};
    struct k_kv *kv = k->kv_new(k, DT_BF16, 2, s, SLOTS, MAX_LEN, pages, &e);

    T_CHECK(kv);
    return kv;
}

static void bytes_of_a_page(void)
{
    struct k_attn_shape s = {4, 2, 128}, odd = {4, 2, 24};

    T_EQ_INT(kv_page_bytes(DT_BF16, 3, s), 3 * 2 * 2 * 64 * 128 * 2);
    T_EQ_INT(kv_page_bytes(DT_F32, 1, odd), 2 * 2 * 64 * 32 * 4);
    T_EQ_INT(kv_pages_for(0), 0);
    T_EQ_INT(kv_pages_for(1), 1);
    T_EQ_INT(kv_pages_for(64), 1);
    T_EQ_INT(kv_pages_for(65), 2);
}

static void reserve_takes_and_release_gives_back(void)
{
    struct k_kv *kv = cache(10);

    T_EQ_INT(kv_free_pages(kv), 10);
    T_EQ_INT(kv_reserve(kv, 0, 0), 0);
    T_EQ_INT(kv_reserve(kv, 0, 64), 0);
    T_EQ_INT(kv_reserve(kv, 0, 1), 0);
    T_EQ_INT(kv_free_pages(kv), 9);
    T_EQ_INT(kv_reserve(kv, 1, 9 * 64), 0);
    T_EQ_INT(kv_free_pages(kv), 0);
    T_EQ_INT(kv_reserve(kv, 0, 65), -1);
    T_EQ_INT(kv_reserve(kv, 0, 64), 0);
    T_CHECK(!kv_why(kv));
    kv_release(kv, 1, 8 * 64);
    T_EQ_INT(kv_free_pages(kv), 1);
    T_EQ_INT(kv_reserve(kv, 0, 128), 0);
    kv_release(kv, 0, 0);
    kv_release(kv, 0, 0);
    kv_release(kv, 1, 0);
    T_EQ_INT(kv_free_pages(kv), 10);
    T_EQ_INT(kv_reserve(kv, 2, MAX_LEN + 1), -1);
    k->kv_free(k, kv);
    kv = cache(0);
    T_EQ_INT(kv_free_pages(kv), SLOTS * kv_pages_for(MAX_LEN));
    k->kv_free(k, kv);
}

static void a_fork_counts_its_last_page(void)
{
    struct k_kv *kv = cache(5);

    T_EQ_INT(kv_reserve(kv, 0, 130), 0);  /* 3 pages */
    T_EQ_INT(kv_fork(kv, 0, 1, 193), -1); /* more than it has */
    T_EQ_INT(kv_fork(kv, 0, 0, 10), -1);
    T_EQ_INT(kv_fork(kv, 0, 1, 128), 0);
    T_EQ_INT(kv_free_pages(kv), 2);
    T_EQ_INT(kv_fork(kv, 0, 1, 64), -1); /* it has pages */
    T_EQ_INT(kv_fork(kv, 0, 2, 129), 0);
    T_EQ_INT(kv_fork(kv, 2, 3, 65), 0);
    T_EQ_INT(kv_free_pages(kv), 0);
    T_EQ_INT(kv_fork(kv, 0, 4, 129), -1); /* nothing for the copy */
    T_EQ_INT(kv_fork(kv, 0, 4, 128), 0);
    kv_release(kv, 0, 0); /* others have its first two */
    T_EQ_INT(kv_free_pages(kv), 1);
    kv_release(kv, 1, 0);
    kv_release(kv, 4, 64);
    T_EQ_INT(kv_free_pages(kv), 1);
    kv_release(kv, 2, 0);
    T_EQ_INT(kv_free_pages(kv), 3);
    kv_release(kv, 3, 0);
    kv_release(kv, 4, 0);
    T_EQ_INT(kv_free_pages(kv), 5);
    k->kv_free(k, kv);
}

/* Random calls against a model of them: lists of pages' owners. */
static void counts_are_right_after_anything(void)
{
    enum { PAGES = 12 };
    struct k_kv *kv = cache(PAGES);
    const struct pages *p = (const struct pages *)(const void *)kv;

    for (int i = 0; i < 20000; i++) {
        int a = (int)(ref_uniform() * SLOTS), b = (int)(ref_uniform() * SLOTS);
        int len = (int)(ref_uniform() * 320), before = kv_free_pages(kv);
        int count[PAGES] = {0}, used = 0, r, what = (int)(ref_uniform() * 4);

        if (what == 0) {
            int had = p->slot[a].n, need = kv_pages_for(len) - had;

            r = kv_reserve(kv, a, len);
            T_EQ_INT(r, need > before ? -1 : 0);
            T_EQ_INT(p->slot[a].n, r || need < 0 ? had : had + need);
        } else if (what == 1) {
            r = kv_fork(kv, a, b, len);
            T_CHECK(!r || before == kv_free_pages(kv));
            T_CHECK(r || p->slot[b].n == kv_pages_for(len));
        } else {
            kv_release(kv, a, len);
        }
        for (int s = 0; s < SLOTS; s++)
            for (int j = 0; j < p->slot[s].n; j++)
                count[p->slot[s].page[j]]++;
        for (int j = 0; j < p->made; j++) {
            T_EQ_INT(p->count[j], count[j]);
            used += count[j] > 0;
        }
        T_EQ_INT(kv_free_pages(kv), PAGES - used);
    }
    k->kv_free(k, kv);
}

/* ---- memory ---- */

static void *(*alloc)(struct kernels *k, size_t bytes, struct err *e);
static int slabs, allowed;

static void *count_slabs(struct kernels *kk, size_t bytes, struct err *e)
{
    if (slabs == allowed) {
        err_set(e, ERR_IO, "no more for you");
        return NULL;
    }
    slabs++;
    return alloc(kk, bytes, e);
}

/* Pages of a megabyte: eight in a slab. */
static void memory_comes_as_it_is_used(void)
{
    struct k_attn_shape s = {1, 1, 128};
    struct err e = {0};
    struct k_kv *kv;

    alloc = k->alloc;
    k->alloc = count_slabs;
    slabs = 0;
    allowed = 2;
    kv = k->kv_new(k, DT_F32, 16, s, 2, 100 * KV_PAGE, 40, &e);
    T_EQ_INT(slabs, 0);
    T_EQ_INT(kv_reserve(kv, 0, 8 * KV_PAGE), 0);
    T_EQ_INT(slabs, 1);
    T_EQ_INT(kv_free_pages(kv), 32);
    T_EQ_INT(kv_reserve(kv, 1, 8 * KV_PAGE), 0);
    T_EQ_INT(slabs, 2);
    /* what the device has not is no part of the cache from then on */
    T_EQ_INT(kv_reserve(kv, 0, 9 * KV_PAGE), -1);
    T_EQ_STR(kv_why(kv), "no more for you");
    T_EQ_INT(kv_free_pages(kv), 0);
    kv_release(kv, 1, 0);
    T_EQ_INT(kv_reserve(kv, 0, 16 * KV_PAGE), 0);
    T_EQ_INT(kv_free_pages(kv), 0);
    k->kv_free(k, kv);
    k->alloc = alloc;
}

int main(void)
{
    k = ref_open("", 1, 0);
    T_RUN(bytes_of_a_page);
    T_RUN(reserve_takes_and_release_gives_back);
    T_RUN(a_fork_counts_its_last_page);
    T_RUN(counts_are_right_after_anything);
    T_RUN(memory_comes_as_it_is_used);
    kernels_close(&k);
    T_DONE();
}
