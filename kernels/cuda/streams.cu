/* streams - whose work waits for whose */
#include "cuda.h"

static void op_after(struct kernels *k, struct kernels *other)
{
    struct cuda *c = cuda_of(k), *o = cuda_of(other);

    if (!o->event)
        CU(cuda_check)(c, "event", cudaEventCreateWithFlags(
                                       &o->event, cudaEventDisableTiming));
    CU(cuda_check)(c, "event", cudaEventRecord(o->event, o->stream));
    CU(cuda_check)(c, "event", cudaStreamWaitEvent(c->stream, o->event, 0));
}

void CU(cuda_streams)(struct kernels *k)
{
    struct cuda *c = cuda_of(k);

    k->after = op_after;
    k->stream = c->stream;
    CU(cuda_check)(c, "device", cudaDeviceGetPCIBusId(
                                    k->device, (int)sizeof k->device, 0));
}

void CU(cuda_streams_close)(struct cuda *c)
{
    if (c->event)
        cudaEventDestroy(c->event);
    if (c->stream)
        cudaStreamDestroy(c->stream);
}
