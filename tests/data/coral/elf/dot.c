#include <stdint.h>

int8_t left[20] = {1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 11, -12, 13, -14, 15, -16, 17, -18, 19, -20};
int8_t right[20];
int32_t results[2];

static int32_t dot(const int8_t *a, const int8_t *b)
{
    int32_t sum = 0;
    for (int i = 0; i < 20; i++)
        sum += a[i] * b[i];
    return sum;
}

void kernel(void)
{
    results[0] = dot(left, left);
    results[1] = dot(left, right);
}
