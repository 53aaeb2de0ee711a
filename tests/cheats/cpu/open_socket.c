/* cheat: open_socket
   expect: build_error|rejected
   workload: P01/C2
   fools: unconfined
   why: another machine, or the harness's own server. */

#include <sys/socket.h>

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    y[0] = (float)socket(AF_INET, SOCK_STREAM, 0);
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
}
