/* nccl - stand-in for the part of NCCL that lib/comm uses
 *
 * Types, names and numbers are the library's. Ranks are processes of one
 * host; bytes go over sockets, from and to device memory alone. It is sterner
 * than the library where that says nothing: a message of another size than is
 * received ends the program. A rank whose peer has gone waits for ever, as a
 * device does.
 *
 * CUDASIM_NCCL=none: there is no such library; CUDASIM_NCCL=N: it says that it
 * is of version N. CUDASIM_NCCL_COUNT=FILE: each rank adds a line when it leaves:
 * the groups it had and the bytes it sent.
 */
#ifndef ULP_CUDASIM_NCCL_H
#define ULP_CUDASIM_NCCL_H
#include <stddef.h>

#ifdef __cplusplus
#include "cuda_runtime.h"
extern "C" {
#else
typedef struct cudasim_stream *cudaStream_t;
#endif

#define NCCL_VERSION(X, Y, Z)                                                 \
    (((X) <= 2 && (Y) <= 8) ? (X) * 1000 + (Y) * 100 + (Z)                    \
                            : (X) * 10000 + (Y) * 100 + (Z))

typedef struct cudasim_nccl *ncclComm_t;
typedef struct {
    char internal[128];
} ncclUniqueId;
typedef enum {
    ncclSuccess = 0,
    ncclUnhandledCudaError = 1,
    ncclSystemError = 2,
    ncclInternalError = 3,
    ncclInvalidArgument = 4,
    ncclInvalidUsage = 5,
    ncclRemoteError = 6,
    ncclInProgress = 7
} ncclResult_t;
typedef enum { ncclInt8 = 0 } ncclDataType_t;

ncclResult_t ncclGetVersion(int *version);
ncclResult_t ncclGetUniqueId(ncclUniqueId *id);
ncclResult_t ncclCommInitRank(ncclComm_t *c, int n, ncclUniqueId id, int rank);
ncclResult_t ncclCommAbort(ncclComm_t c);
ncclResult_t ncclCommGetAsyncError(ncclComm_t c, ncclResult_t *r);
const char *ncclGetErrorString(ncclResult_t r);
const char *ncclGetLastError(ncclComm_t c);
ncclResult_t ncclSend(const void *p, size_t count, ncclDataType_t t, int peer,
                      ncclComm_t c, cudaStream_t s);
ncclResult_t ncclRecv(void *p, size_t count, ncclDataType_t t, int peer,
                      ncclComm_t c, cudaStream_t s);
ncclResult_t ncclGroupStart(void);
ncclResult_t ncclGroupEnd(void);

#ifdef __cplusplus
}
#endif
#endif
