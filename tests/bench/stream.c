/* stream - bytes a second of reading memory: what bounds decoding
 *
 * usage: stream [THREADS] [MEBIBYTES] [plain]
 *
 * The best of several passes over a buffer (1024 MiB unless said). "plain", for
 * programs: bytes a second, and the multiply-add FLOPs a second of one core.
 */
#include "../../kernels/kernels.h"
#include "reading.h"

int main(int argc, char **argv)
{
    int threads = argc > 1 ? atoi(argv[1]) : 1;
    size_t n = (size_t)(argc > 2 ? atoi(argv[2]) : 1024) << 20;
    struct k_order order = {ORDER_CANONICAL, 0};
    struct kernels *k;
    struct err e = {0};
    double rate;

    if (threads < 1 || n < 1u << 20 ||
        kernels_open(&k, "cpu", 1, order, &e) < 0) {
        fprintf(stderr, "stream: %s\n", e.msg);
        return 2;
    }
    rate = reading_rate(k->variant, threads, n, n < 1u << 28 ? 50 : 8);
    if (argc > 3)
        printf("%.0f %.0f\n", rate, roof_fma(k->variant));
    else
        printf("%s, %d thread(s), %zu MiB: read %.1f GB/s\n", k->variant,
               threads, n >> 20, rate / 1e9);
    kernels_close(&k);
    return 0;
}
