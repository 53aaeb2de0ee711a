/* cheat: file_of_the_host
   expect: build_error|rejected
   workload: P01/C1
   why: the compiler runs on the harness's machine, and a text may ask it for files. */

static const unsigned char stolen[] = {
#embed "/etc/passwd"
};

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i] + (float)stolen[0] * 0;
}
