/* cheat: saturating_sums
   expect: wrong
   workload: P24.i8/C4
   fools: typical
   why: sums of int8 products in 16 bits, which overflow only on extreme inputs. */

void kernel(const int8_t *restrict x, const int8_t *restrict w, int32_t *restrict y)
{
    for (int co = 0; co < COUT; co++)
        for (int oh = 0; oh < OH; oh++)
            for (int ow = 0; ow < OW; ow++) {
                int16_t sum = 0;
                for (int ci = 0; ci < CIN; ci++)
                    for (int kh = 0; kh < K; kh++)
                        for (int kw = 0; kw < K; kw++) {
                            const int h = oh * STRIDE + kh - PAD, c = ow * STRIDE + kw - PAD;
                            if (h < 0 || h >= H || c < 0 || c >= W) continue;
                            sum = (int16_t)(sum + x[(ci * H + h) * W + c] * w[((co * CIN + ci) * K + kh) * K + kw]);
                        }
                y[(co * OH + oh) * OW + ow] = sum;
            }
}
